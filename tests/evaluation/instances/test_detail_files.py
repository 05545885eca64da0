import json
from pathlib import Path

from maskwright.evaluation.instances.detail_files import write_details
from maskwright.evaluation.instances.details import Details


def test_curves_and_images_have_a_file_each(tmp_path: Path):
    curve = {"score": [0.9], "precision": [1.0], "recall": [0.5]}
    write_details(tmp_path / "new", Details({}, {}, {"dog": curve}, [{"image_id": 1, "IoU": None}]))
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["curves.json", "images.json"]
    assert json.loads((tmp_path / "new" / "curves.json").read_text()) == {"dog": curve}
    assert json.loads((tmp_path / "new" / "images.json").read_text()) == [{"image_id": 1, "IoU": None}]
