from pathlib import Path

import pytest

from maskwright.coco_dataset.dataset import CocoDataset
from maskwright.synthetic.shapes import write_shapes


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """The COCO file of twelve drawn images, which lie in ``images`` beside it."""
    return write_shapes(tmp_path / "shapes", 12)


@pytest.fixture
def data(labels: Path) -> CocoDataset:
    return CocoDataset.open(labels, images=labels.parent / "images")
