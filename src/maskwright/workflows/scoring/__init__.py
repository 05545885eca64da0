"""One kind of results each: ``score instance``, ``semantic``, ``panoptic`` and ``cityscapes``."""
