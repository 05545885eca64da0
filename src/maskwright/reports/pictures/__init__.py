"""Pictures: tiles, contact sheets, overlap sheets, and panels of image, truth and prediction."""
