"""Repairs of COCO files: what is unambiguous is put right, each change is listed, everything else stays verbatim."""
