"""Panoptic quality by panopticapi's rules: classes, matching of segments, findings, scores and their summary."""
