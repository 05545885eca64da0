"""Weights: download and reading of checkpoints, loading by key and shape, and transfer of heads by class name."""
