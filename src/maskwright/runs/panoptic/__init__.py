"""Panoptic runs: their true maps, the evaluation of a part, and the maps that are drawn."""
