"""Checks of COCO data: each yields the faults of one subject, named by the codes of the catalogue."""
