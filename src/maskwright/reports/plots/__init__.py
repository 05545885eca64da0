"""Plots: bars, curves and matrices as SVG."""
