"""Plots: bars, curves and matrices over classes, as SVG and PNG."""
