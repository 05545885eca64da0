"""PyTorch datasets of images with their masks, joint augmentation, copy-paste and seeded sampling."""
