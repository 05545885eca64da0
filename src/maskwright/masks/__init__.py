"""Masks: COCO segmentations to RLE, RLEs to label maps, label maps to files. NumPy only."""
