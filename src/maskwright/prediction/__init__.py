"""Prediction: from images to instances or label maps at the images' own sizes."""
