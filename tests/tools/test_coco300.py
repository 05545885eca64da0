"""The images of the recipes are made of files laid out as COCO's, whole and without leaks."""

import json
from pathlib import Path

import pytest
from PIL import Image

from maskwright.errors import DataError
from maskwright.recipes.loading import load_recipe
from maskwright.runs.prepare import prepare
from tools.coco300 import main, make

NAMES = {1: "person", 2: "bicycle", 3: "car", 4: "motorcycle", 5: "airplane", 18: "dog"}


@pytest.fixture
def val2017(tmp_path: Path) -> tuple[Path, Path]:
    """40 images, each a colour of its own; every fifth shows a dog alone, every other one of the classes and a dog."""
    images, annotations = tmp_path / "val2017", []
    images.mkdir()
    records = []
    for number in range(1, 41):
        name = f"{number:012}.jpg"
        picture = Image.effect_noise((64, 48), 60).convert("RGB")
        picture.paste((5 * number, 255 - 5 * number, 90), (number, 4, number + 20, 30))
        picture.save(images / name)
        records.append({"id": number, "file_name": name, "height": 48, "width": 64, "coco_url": f"http://x/{name}"})
        shown = [18] if number % 5 == 0 else [number % 5, 18]
        for category in shown:
            square = [[number, 4, number + 20, 4, number + 20, 30, number, 30]]
            annotations.append(
                {"id": len(annotations) + 1, "image_id": number, "category_id": category, "segmentation": square,
                 "bbox": [number, 4, 20, 26], "area": 520, "iscrowd": 0}
            )  # fmt: skip
    categories = [{"id": identity, "name": name} for identity, name in NAMES.items()]
    file = tmp_path / "instances_val2017.json"
    file.write_text(json.dumps({"images": records, "annotations": annotations, "categories": categories}))
    return images, file


def test_the_parts_hold_other_images_with_all_their_annotations(val2017: tuple[Path, Path], tmp_path: Path) -> None:
    make(*val2017, tmp_path / "coco300", each=12, test=4)
    seen: list[str] = []
    for part in ("train-300", "validation-300"):
        content = json.loads((tmp_path / "coco300" / part / "labels.json").read_text())
        names = [image["file_name"] for image in content["images"]]
        assert sorted(path.name for path in (tmp_path / "coco300" / part / "data").iterdir()) == sorted(names)
        assert len(names) == 12
        assert len(content["annotations"]) == 24  # the dog of each image too
        assert len(content["categories"]) == 6
        seen += names
    seen += [path.name for path in (tmp_path / "coco300" / "test-30").iterdir()]
    assert len(set(seen)) == len(seen) == 28
    assert not any(int(Path(name).stem) % 5 == 0 for name in seen)
    assert sorted(path.name for path in (tmp_path / "coco300").iterdir()) == ["test-30", "train-300", "validation-300"]


def test_a_recipe_finds_its_data_there(val2017: tuple[Path, Path], tmp_path: Path) -> None:
    make(*val2017, tmp_path / "coco300", each=12, test=4)
    recipe = load_recipe("deeplab-mobilenet-5class-coco300", [f"data.root={tmp_path / 'coco300'}"])
    assert {name: len(part.selection.images) for name, part in prepare(recipe, tmp_path / "run").parts.items()} == {
        "train": 12,
        "validation": 12,
    }


def test_too_few_images_are_refused(
    val2017: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DataError, match="32 images show person"):
        make(*val2017, tmp_path / "coco300", each=300)
    assert main([str(each) for each in (*val2017, tmp_path / "coco300")]) == 1
    assert "expected 630" in capsys.readouterr().out
    assert not (tmp_path / "coco300").exists()
