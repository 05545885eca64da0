"""The parts of a transfer: its models, data sets, predictions, scores, fine-tuning and panels."""
