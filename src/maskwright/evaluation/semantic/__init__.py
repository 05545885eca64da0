"""Semantic scores: mIoU, Dice and accuracy from a confusion matrix, boundary IoU and calibration."""
