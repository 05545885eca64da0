"""Counts over a data set: classes, object sizes, overlaps and imbalance."""
