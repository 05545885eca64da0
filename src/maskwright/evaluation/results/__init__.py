"""COCO results: read, checked, and matched with the images and classes of the truth."""
