"""Losses: each takes logits ``(B, K+1, H, W)`` and labels ``(B, H, W)`` and returns one number."""
