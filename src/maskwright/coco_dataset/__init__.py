"""COCO data sets in memory: opened with checks, indexed, selected, split, merged and written."""
