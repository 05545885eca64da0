"""Checks of COCO data: each module yields the faults of one subject, with codes of the catalogue."""
