"""Comparison of models, or of the results of any tools, on the same images: paired tests, and what they show."""
