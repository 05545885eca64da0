"""Detectron2's checkpoints, and the Mask R-CNN and PointRend networks that give Detectron2's detections from them.

Built from torch and torchvision operators. Parameter names are Detectron2's, so its files load without translation.
"""
