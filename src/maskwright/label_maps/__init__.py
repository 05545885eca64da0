"""The mask job: label maps of a COCO file, drawn in parallel, with an audit of every annotation."""
