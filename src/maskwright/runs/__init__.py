"""One run: its folder, data, training, evaluation and panels."""
