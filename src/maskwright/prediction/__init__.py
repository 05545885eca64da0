"""Prediction: images in, results at original size out."""
