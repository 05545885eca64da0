"""Binary masks and label maps: COCO segmentations, RLE, polygons, drawing, PNG files. NumPy only, no torch."""
