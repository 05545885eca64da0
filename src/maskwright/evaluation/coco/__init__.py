"""COCO AP and AR as pycocotools computes them, all at once or image by image."""
