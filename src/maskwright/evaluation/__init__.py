"""Evaluation of instances and label maps by the rules of the official evaluators; NumPy only, no model and no torch."""
