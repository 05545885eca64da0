"""PointRend: sampling of uncertain points, the point head, and its use for instance and semantic segmentation."""
