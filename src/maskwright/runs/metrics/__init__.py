"""What a training measures besides its losses: validation loss, scores of both parts, and the names of trackers."""
