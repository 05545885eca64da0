"""Shapes under other class names, and the taxonomy that leads there."""

import json
from pathlib import Path

from maskwright.synthetic.shapes import write_shapes

FORMS = "classes: {round: [disc, ring], angular: [square]}\nignore: [triangle]\n"


def write_taxonomy(folder: Path) -> Path:
    """A taxonomy of round and angular shapes, in which triangles are ignored."""
    path = folder / "forms.yaml"
    path.write_text(FORMS, encoding="utf-8")
    return path


def write_renamed_shapes(folder: Path) -> Path:
    """Images of the same shapes, whose file calls them otherwise and has none of one."""
    path = write_shapes(folder, 5, seed=9)
    content = json.loads(path.read_text(encoding="utf-8"))
    names = {"disc": "round", "ring": "round", "square": "angular", "triangle": "toy"}
    ids = {"round": 70, "angular": 3, "toy": 5}
    new_id = {each["id"]: ids[names[each["name"]]] for each in content["categories"]}
    for each in content["annotations"]:
        each["category_id"] = new_id[each["category_id"]]
    content["annotations"] = [each for each in content["annotations"] if each["category_id"] != ids["toy"]]
    content["categories"] = [{"id": i, "name": name} for name, i in ids.items() if name != "toy"]
    path.write_text(json.dumps(content), encoding="utf-8")
    return folder
