"""Training: one loop for every model, with its optimisers, checkpoints and trackers."""
