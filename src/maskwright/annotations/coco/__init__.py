"""COCO JSON files: a reader into typed records, and verbatim documents for commands that rewrite a file."""
