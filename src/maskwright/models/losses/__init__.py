"""Losses for semantic segmentation: one a file, and ``catalogue`` that builds the one a recipe names."""
