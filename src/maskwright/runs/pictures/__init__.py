"""The pictures on the page of a run: sample panels, and the worst images with their errors."""
