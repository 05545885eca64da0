"""PointRend: uncertain points, the point head, and both ways to use it: instances and semantic segmentation."""
