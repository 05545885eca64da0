"""Detectron2's Mask R-CNN and PointRend networks, which reproduce its detections from its checkpoints.

Built from torch and torchvision operators. Parameter names are Detectron2's, so its files load without translation.
Classes run from 0 to K-1 inside; background is class K. Coordinates are continuous: the centre of the first pixel is at
½, and RoIAlign is aligned.
"""
