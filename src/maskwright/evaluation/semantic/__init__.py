"""Semantic scores: mIoU, Dice and accuracy from a confusion matrix, boundaries and calibration."""
