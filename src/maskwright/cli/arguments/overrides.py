"""The options of a training that stand for keys of its recipe, and the settings that follow the recipe's name."""

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from maskwright.errors import UsageError

Settings = Annotated[
    list[str] | None,
    typer.Argument(metavar="[KEY=VALUE]...", help="Keys to override, as with --set.", show_default=False),
]
Epochs = Annotated[int | None, typer.Option("--epochs", metavar="N", help="Override train.epochs.")]
LearningRate = Annotated[float | None, typer.Option("--lr", metavar="RATE", help="Override train.optimizer.lr.")]
Batch = Annotated[int | None, typer.Option("--batch", metavar="N", help="Override train.batch_size.")]
Size = Annotated[int | None, typer.Option("--size", metavar="PIXELS", help="Override model.input.size.")]
Classes = Annotated[
    list[str] | None, typer.Option("--classes", help="Override classes: names with commas or spaces between them.")
]
AllowEmptyClasses = Annotated[
    bool,
    typer.Option("--allow-empty-classes", help="Train although a class has no object in the training images."),
]


def named_classes(classes: Sequence[str] | None) -> list[str] | None:
    """Return the names in the values of ``--classes``, None where there are none.

    Example:
        >>> named_classes(["a,b", "c"])
        ['a', 'b', 'c']
    """
    return [name.strip() for value in classes or () for name in value.split(",") if name.strip()] or None


def recipe_overrides(
    settings: Sequence[str] | None,
    set_: Sequence[str] | None,
    epochs: int | None,
    lr: float | None,
    batch: int | None,
    size: int | None,
    classes: Sequence[str] | None,
    allow_empty_classes: bool,
) -> list[str]:
    """Return the overrides ``key=value`` of a command line; the options of its own come last, and win.

    Raises ``UsageError`` for a setting without ``=``, which is a second recipe or a forgotten option.

    Example:
        >>> recipe_overrides(["seed=1"], ["train.ema=0.9"], 3, None, None, None, ["a,b", "c"], False)
        ['train.ema=0.9', 'seed=1', 'train.epochs=3', 'classes=["a", "b", "c"]']
    """
    for setting in settings or ():
        if "=" not in setting:
            raise UsageError(
                f"'{setting}': expected one recipe, then settings as KEY=VALUE, such as train.epochs=2. "
                "Run each recipe by itself."
            )
    names = named_classes(classes)
    options = {
        "train.epochs": epochs,
        "train.optimizer.lr": lr,
        "train.batch_size": batch,
        "model.input.size": size,
        "classes": "all" if names == ["all"] else json.dumps(names, ensure_ascii=False) if names else None,
        "data.allow_empty_classes": "true" if allow_empty_classes else None,
    }
    return [
        *(set_ or ()),
        *(settings or ()),
        *(f"{key}={value}" for key, value in options.items() if value is not None),
    ]
