"""Models taken to other data sets: predictions, scores, fine-tuning and panels."""
