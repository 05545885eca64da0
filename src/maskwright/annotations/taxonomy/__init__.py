"""Taxonomies: how the classes of one data set map to those of another, by name."""
