"""COCO results: read, checked, converted and indexed."""
