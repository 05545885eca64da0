"""Suspects as tasks of labelling tools, and the decisions that were taken there."""
