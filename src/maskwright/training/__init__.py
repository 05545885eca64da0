"""The training loop for every model, with its optimisers, schedules, checkpoints and trackers."""
