"""Taxonomies: the classes of one data set in another's, by name."""
