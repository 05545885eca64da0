"""Datasets: torch data sets over images and masks, joint augmentation, seeded sampling, and the built-in data."""
