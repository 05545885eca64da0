"""Images: decoding, inspection, resizing, drawing and fingerprints. Arrays are RGB uint8 ``(H, W, 3)``."""
