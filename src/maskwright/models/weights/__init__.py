"""Weights: published checkpoints, fetching, reading and loading them, heads matched by class name."""
