"""The mask job: label maps of a COCO file, drawn in parallel, with every annotation accounted for."""
