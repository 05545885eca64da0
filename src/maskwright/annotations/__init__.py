"""Annotations: reading COCO JSON, matching classes by name, choosing images, counting what was skipped."""
