"""Cityscapes AP and pixel scores as the official scripts compute them."""
