"""Images: decoding, resizing and drawing. RGB uint8 ``(H, W, 3)`` throughout."""
