"""From a recipe's data section to parts, and what stops before any work."""

import json
from pathlib import Path
from typing import Any

import pytest

from maskwright.errors import DataError, UsageError
from maskwright.recipes.loading import load_recipe
from maskwright.recipes.schema import Recipe
from maskwright.runs import source_file
from maskwright.runs.prepare import declared_classes, prepare, require_classes, require_data, require_objects
from maskwright.runs.source_file import SourceFiles
from maskwright.synthetic.shapes import write_shapes


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    """Thirty shapes in one file, split 8:1:1."""
    write_shapes(tmp_path / "all", 30, seed=2)
    data = f"{{root: {tmp_path}, source: {{images: all/images, annotations: all/annotations.json}}, split: '8:1:1'}}"
    return load_recipe("demo-semantic", [f"data={data}"])


def changed(recipe: Recipe, **data) -> Recipe:
    return recipe.model_copy(update={"data": recipe.data.model_copy(update=data)})


def images_of(recipe: Recipe, folder: Path) -> dict[str, list[int]]:
    parts = prepare(recipe, folder).parts
    return {name: [objects.image.id for objects in part.selection.images] for name, part in parts.items()}


def test_a_split_covers_every_image_once_and_repeats(recipe: Recipe, tmp_path: Path) -> None:
    parts = images_of(recipe, tmp_path)
    assert [len(part) for part in parts.values()] == [24, 3, 3]
    assert len(set().union(*parts.values())) == 30
    assert images_of(recipe, tmp_path) == parts


def test_another_seed_splits_otherwise(recipe: Recipe, tmp_path: Path) -> None:
    assert images_of(recipe.model_copy(update={"seed": 9}), tmp_path) != images_of(recipe, tmp_path)


def test_records_of_one_picture_are_never_split(recipe: Recipe, tmp_path: Path) -> None:
    path = tmp_path / "all" / "annotations.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["images"] += [{**image, "id": 1000 + image["id"]} for image in content["images"]]
    path.write_text(json.dumps(content), encoding="utf-8")
    parts = [{i % 1000 for i in part} for part in images_of(recipe, tmp_path).values()]
    assert sum(map(len, parts)) == 30


def test_images_are_chosen_by_the_recipe(recipe: Recipe, tmp_path: Path) -> None:
    chosen = changed(recipe, max_instances=3, drop_crowd_images=True, only_with_objects=True)
    prepared = prepare(chosen, tmp_path)
    for part in prepared.parts.values():
        for objects in part.selection.images:
            assert 1 <= len(objects.ids) <= 3
            assert not any(objects.crowd)
        assert part.selection.audit.adds_up
    assert sum(map(len, images_of(changed(recipe, max_images=11), tmp_path).values())) == 11


def test_the_first_images_hold_what_the_recipe_demands(recipe: Recipe, tmp_path: Path) -> None:
    def rings(**demand: Any) -> list[int]:
        assert recipe.data.source is not None
        source = recipe.data.source.model_copy(update={"max_images": 10, **demand})
        prepared = prepare(changed(recipe, source=source), tmp_path)
        ring = prepared.table.names.index("ring") + 1
        return [objects.labels.count(ring) for part in prepared.parts.values() for objects in part.selection.images]

    assert sum(found > 0 for found in rings()) < 10
    assert [found > 0 for found in rings(at_least={"ring": 10})] == [True] * 10
    with pytest.raises(UsageError, match="Nearest: ring"):
        rings(at_least={"rings": 1})


def test_a_choice_that_leaves_no_image_is_an_error(recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "all" / "images").rename(tmp_path / "moved")
    (tmp_path / "all" / "images").mkdir()
    with pytest.raises(DataError, match=r"no usable image \(30 missing_image\)"):
        prepare(recipe, tmp_path)


def test_declared_classes_are_those_of_the_prepared_data(recipe: Recipe, tmp_path: Path) -> None:
    chosen = recipe.model_copy(update={"classes": ["ring", "disc"]})
    assert declared_classes(chosen).names == prepare(chosen, tmp_path).table.names == ["ring", "disc"]
    with pytest.raises(UsageError, match="Nearest: ring"):
        declared_classes(recipe.model_copy(update={"classes": ["rings"]}))


def test_only_a_recipe_that_names_classes_has_its_file_parsed_for_them(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[Path] = []
    read = source_file.read_coco
    monkeypatch.setattr(source_file, "read_coco", lambda path: parsed.append(path) or read(path))
    require_classes(recipe)
    assert parsed == []
    chosen = recipe.model_copy(update={"classes": ["ring"]})
    declared_classes(chosen, require_classes(chosen))
    assert len(parsed) == 1, "it is handed on"
    with pytest.raises(UsageError, match="Nearest: ring"):
        require_classes(recipe.model_copy(update={"classes": ["rings"]}))


def test_missing_data_stops_before_any_work(recipe: Recipe, tmp_path: Path) -> None:
    require_data(recipe)
    with pytest.raises(UsageError, match=r"elsewhere: it does not exist; expected the data \(data\.root\) folder"):
        require_data(changed(recipe, root=str(tmp_path / "elsewhere")))
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(UsageError, match="expected the annotations file"):
        require_data(changed(recipe, root=str(tmp_path / "elsewhere")))


def test_a_class_that_the_built_in_shapes_lack_stops_before_any_work() -> None:
    require_data(load_recipe("demo-semantic", ["classes=[disc, ring]"]))
    with pytest.raises(UsageError, match=r"'disk'. Nearest: disc"):
        require_data(load_recipe("demo-semantic", ["classes=[disk, ring]"]))


def test_groups_are_the_classes_in_every_part(recipe: Recipe, tmp_path: Path) -> None:
    groups = tmp_path / "groups.yaml"
    groups.write_text("angular: {weight: 1, classes: [square, triangle]}\nround: {weight: 2, classes: [disc]}\n")
    grouped = recipe.model_copy(update={"groups": str(groups), "classes": "all"})
    assert declared_classes(grouped).names == ["angular", "round"]
    prepared = prepare(grouped, tmp_path)
    assert prepared.table.names == ["angular", "round"]
    assert prepared.weights == (1.0, 2.0)
    for part in prepared.parts.values():
        assert {label for objects in part.selection.images for label in objects.labels} == {1, 2}
        # Rings are in no group.
        assert part.selection.audit.skipped["other_class"] > 0
        assert part.selection.audit.adds_up


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["data.overlap=priority"], "needs the weights of groups"),
        (["groups=coco9", "classes=[disc]"], "leave out classes"),
        (["groups=coco9"], "does not go with data.shapes"),
    ],
)
def test_groups_that_make_no_sense_are_refused(overrides: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_recipe("demo-semantic", overrides)


FORMS = "classes: {round: [disc, ring], angular: [square]}\nignore: [triangle]\n"


@pytest.fixture
def mixed(recipe: Recipe, tmp_path: Path) -> Recipe:
    """Training on the shapes' own classes, translated; validation on a file that calls them as the target does."""
    (tmp_path / "forms.yaml").write_text(FORMS, encoding="utf-8")
    content = json.loads((tmp_path / "all" / "annotations.json").read_text(encoding="utf-8"))
    names = {"disc": "round", "square": "angular"}
    kept = {each["id"]: 50 - each["id"] for each in content["categories"] if each["name"] in names}
    content["categories"] = [
        {"id": kept[c["id"]], "name": names[c["name"]]} for c in content["categories"] if c["id"] in kept
    ]
    content["annotations"] = [
        {**each, "category_id": kept[each["category_id"]]}
        for each in content["annotations"]
        if each["category_id"] in kept
    ]
    (tmp_path / "all" / "called.json").write_text(json.dumps(content), encoding="utf-8")
    taxonomy = {"images": "all/images", "annotations": "all/annotations.json", "taxonomy": str(tmp_path / "forms.yaml")}
    other = {"images": "all/images", "annotations": "all/called.json"}
    data = {"root": str(tmp_path), "train": taxonomy, "validation": other}
    return load_recipe("demo-semantic", [f"data={json.dumps(data)}", "report.panels=0"])


def test_sources_of_different_classes_meet_in_those_of_the_target(mixed: Recipe, tmp_path: Path) -> None:
    require_data(mixed)
    assert declared_classes(mixed).names == ["round", "angular"]
    prepared = prepare(mixed, tmp_path)
    assert prepared.table.names == ["round", "angular"]
    train, validation = prepared.parts["train"], prepared.parts["validation"]
    assert str(train.translation) == f"taxonomy {tmp_path / 'forms.yaml'}"
    assert validation.translation is None
    content = json.loads((tmp_path / "all" / "annotations.json").read_text(encoding="utf-8"))
    shapes = {each["id"]: each["name"] for each in content["categories"]}
    becomes = {"disc": 1, "ring": 1, "square": 2}
    expected = {each["id"]: becomes.get(shapes[each["category_id"]]) for each in content["annotations"]}
    for part in (train, validation):
        assert part.selection.audit.adds_up
        for objects in part.selection.images:
            assert objects.labels == [expected[i] for i in objects.ids]
    found = {i for objects in train.selection.images for i in objects.ids}
    assert found == {i for i, label in expected.items() if label is not None}
    ignored = sum(len(objects.ignored) for objects in train.selection.images)
    assert ignored == sum(label is None for label in expected.values()) > 0
    assert not any(objects.ignored for objects in validation.selection.images)


def test_classes_and_groups_are_chosen_after_the_translation(mixed: Recipe, tmp_path: Path) -> None:
    one = mixed.model_copy(update={"classes": ["angular"]})
    assert prepare(one, tmp_path).table.names == ["angular"]
    with pytest.raises(UsageError, match="Unknown class"):
        declared_classes(mixed.model_copy(update={"classes": ["disc"]}))
    groups = tmp_path / "groups.yaml"
    groups.write_text("curved: {weight: 1, classes: [round]}\n", encoding="utf-8")
    grouped = prepare(mixed.model_copy(update={"groups": str(groups), "classes": "all"}), tmp_path)
    assert grouped.table.names == ["curved"]
    assert {label for each in grouped.parts["train"].selection.images for label in each.labels} == {1}


def test_a_taxonomy_that_there_is_not_stops_before_any_work(mixed: Recipe) -> None:
    assert mixed.data.train is not None
    unknown = mixed.data.train.model_copy(update={"taxonomy": "coco-to-vok"})
    with pytest.raises(UsageError, match="Shipped: coco-to-voc"):
        require_data(changed(mixed, train=unknown))
    # All is accounted for, or nothing starts.
    other = mixed.data.train.model_copy(update={"taxonomy": "coco-to-voc"})
    with pytest.raises(UsageError, match="does not account for"):
        declared_classes(changed(mixed, train=other))


def test_a_rule_for_riders_without_a_taxonomy_is_refused() -> None:
    data = "{train: {images: a, annotations: b, rider: person}, validation: {images: a, annotations: b}}"
    with pytest.raises(UsageError, match="give taxonomy beside it"):
        load_recipe("demo-semantic", [f"data={data}"])


def test_a_negative_image_id_is_refused_before_an_instance_training_and_not_before_a_semantic_one(
    recipe: Recipe, tmp_path: Path
) -> None:
    path = tmp_path / "all" / "annotations.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    last = content["images"][-1]["id"]
    content["images"][-1]["id"] = -7
    for each in content["annotations"]:
        each["image_id"] = -7 if each["image_id"] == last else each["image_id"]
    path.write_text(json.dumps(content), encoding="utf-8")
    require_objects(recipe, SourceFiles())
    instance = load_recipe("demo-instance").model_copy(update={"data": recipe.data})
    with pytest.raises(DataError, match="image -7 has a negative id"):
        require_objects(instance, SourceFiles())


STREETS: dict[str, Any] = {
    "name": "a",
    "task": "panoptic",
    "data": {"streets": {"train": 2, "validation": 1, "height": 64}},
    "model": {"name": "mask2former_tiny_panoptic"},
    "train": {"epochs": 1},
}


def test_the_stuff_of_built_in_streets_is_known_and_can_be_named_otherwise(tmp_path: Path) -> None:
    recipe = Recipe.model_validate(STREETS | {"classes": ["car", "road", "sky"]})
    assert declared_classes(recipe).stuff_names == ["road", "sky"]
    assert prepare(recipe, tmp_path).table.stuff_names == ["road", "sky"]
    assert prepare(changed(recipe, stuff=["car"]), tmp_path).table.stuff_names == ["car"]
    assert prepare(changed(recipe, stuff=[]), tmp_path).table.stuff_names == []


def test_stuff_or_a_class_that_the_streets_lack_is_named(tmp_path: Path) -> None:
    recipe = Recipe.model_validate(STREETS | {"classes": ["car", "road"]})
    with pytest.raises(UsageError, match="road"):
        declared_classes(changed(recipe, stuff=["rode"]))
    with pytest.raises(UsageError, match=r"built-in streets.*car"):
        require_data(recipe.model_copy(update={"classes": ["cart"]}))


def test_the_stuff_of_groups_is_that_of_the_recipe(tmp_path: Path) -> None:
    write_shapes(tmp_path / "all", 6, seed=2)
    groups = tmp_path / "groups.yaml"
    groups.write_text("round: {classes: [disc, ring]}\nedged: {classes: [square, triangle]}\nstuff: [round]\n")
    source = {"images": "all/images", "annotations": "all/annotations.json"}
    data = {"root": str(tmp_path), "source": source, "split": "1:1"}
    recipe = Recipe.model_validate(STREETS | {"data": data, "groups": str(groups)})
    assert declared_classes(recipe).stuff_names == ["round"]
    assert declared_classes(changed(recipe, stuff=["edged"])).stuff_names == ["edged"]
    semantic = recipe.model_copy(update={"task": "semantic"})
    assert declared_classes(semantic).stuff_names == []
