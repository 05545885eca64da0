"""Repairs of COCO files: unambiguous faults are corrected, each change is listed, everything else stays verbatim."""
