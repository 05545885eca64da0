"""COCO JSON as a file: read into typed records, or kept whole for commands that change it."""
