"""Prediction of files: what is read ahead of the network, and what is written behind it."""
