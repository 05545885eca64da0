"""The page of a run: scores, curves, panels, data audit and settings."""
