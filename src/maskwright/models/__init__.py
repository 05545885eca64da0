"""Networks for segmentation with their catalogue, losses and weights.

Docstrings here name axes by one letter: B images, C channels, H rows, W columns, K classes without background, N boxes
of all images, T true objects of one image, P points, M rows and columns of a mask head's output. Images and features
are float32 unless a docstring says otherwise; layers may compute in a half type under autocast. Boxes are ``(N, 4)``
float32 xyxy in pixels: 0 is the left or upper edge of the first pixel, and x2 and y2 are exclusive.
"""
