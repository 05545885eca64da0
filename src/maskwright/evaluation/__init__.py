"""Evaluation as the official evaluators do it; NumPy only, no model and no torch."""
