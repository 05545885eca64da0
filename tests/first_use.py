"""The first use of the package as its design shows it, on built-in data: data, run, model, predictions, scores.

It needs nothing of the tests, so that it also runs where only the package is installed: ``python first_use.py FOLDER``.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

import maskwright as mw
from maskwright.synthetic.shapes import write_shapes

SMALL = [
    "data.shapes={train: 6, validation: 2, seed: 0}", "model.input.size=64", "model.options.proposals_train=50",
    "model.options.proposals_test=20", "train.epochs=1", "train.batch_size=2", "train.schedule.warmup_steps=0",
    "report.panels=1",
]  # fmt: skip


def use(folder: Path) -> dict[str, Any]:
    """Do it all in ``folder``, and leave the scores, the truth and the predictions there; returns the scores."""
    write_shapes(folder, 10).rename(folder / "labels.json")
    (folder / "images").rename(folder / "photos")

    data = mw.CocoDataset.open(folder / "labels.json", images=folder / "photos")
    assert (data.audit.adds_up, data.excluded) == (True, {})
    assert (len(data.classes), len(data)) == (4, 10)
    sample = data[0]
    assert (sample.image.dtype, sample.image.shape, sample.name) == (np.uint8, (*sample.size, 3), "000000.jpg")
    objects = sample.instances
    assert objects.dense().shape == (len(objects), *sample.size)
    assert len(objects.areas) == len(objects.boxes) == len(objects.labels) == len(objects.to_coco(sample.id))
    assert sample.label_map(overlap="last").shape == sample.size
    discs = data.select(classes=["disc"], max_images=100)
    assert discs.classes.names == ["disc"]
    train, validation = data.split("8:2", seed=0)
    assert len(train.merge(validation)) == len(train) + len(validation) == 10

    run = mw.run("demo-instance", overrides=SMALL, out=folder / "run", reporter=mw.Reporter(quiet=True))
    assert run.folder == folder / "run"
    assert run.page.is_file()
    assert run.scores["validation"].keys() >= {"segm", "bbox"}

    model = mw.load_model(run.folder, task="instance")
    assert model.classes.names == data.classes.names
    images = [each.image for each in validation]
    one = model.predict(images[0])
    every = model.predict(images, batch=1)
    assert len(every) == len(images)
    assert every[0] == one
    found = dict(zip([each.name for each in validation], every, strict=True))
    scores = mw.score_instances(validation, found)

    # The same predictions as files, for the command.
    records = [record for name, instances in found.items() for record in instances.to_coco(0, name)]
    assert records
    validation.to_json(folder / "validation.json")
    for name, value in (("results", records), ("classes", model.classes.to_json()), ("scores", scores)):
        (folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    return scores


def assert_same_scores(scores: dict[str, Any], of_command: dict[str, Any]) -> None:
    """The ``scores`` of objects are those of ``score instance`` to the last bit; what is said of files is theirs."""
    numbers = scores.keys() - {"results", "truth", "remarks"}
    assert numbers >= {"bbox", "segm", "classes", "tide", "at_score"}
    assert {key: scores[key] for key in numbers} == {key: of_command[key] for key in numbers}


if __name__ == "__main__":
    use(Path(sys.argv[1]))
    print(mw.__file__)
