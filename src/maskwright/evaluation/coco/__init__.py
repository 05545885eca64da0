"""COCO AP and AR as pycocotools computes them, for all images at once or image by image."""
