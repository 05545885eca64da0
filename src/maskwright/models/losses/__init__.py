"""Losses of semantic segmentation: one per file, and ``catalogue``, which builds the loss that a recipe names."""
