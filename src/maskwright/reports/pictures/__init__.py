"""Pictures: panels of image, truth and prediction, and contact sheets."""
