"""Maskwright: COCO-style annotations to segmentation models you can trust.

The verbs of the command line are functions here: ``from maskwright import run, draw_masks, predict``. Beside them is
what they work on: a :class:`CocoDataset`, its :class:`ClassTable`, the :class:`Instances` of an image. Each name is
imported at first use, so that ``import maskwright`` is immediate and needs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_VERBS = {
    "check": ("check", "check"),
    "convert": ("convert", "convert"),
    "demo": ("demo", "demo"),
    # Not `masks`: that name is the room of rasterisation, maskwright.masks.
    "draw_masks": ("masks", "masks"),
    "evaluate": ("run", "evaluate"),
    "explore": ("explore", "explore"),
    "list_models": ("models", "list_models"),
    "list_recipes": ("recipes", "list_recipes"),
    "predict": ("predict", "predict"),
    "report": ("report", "report"),
    "run": ("run", "run"),
    "score": ("score", "score"),
    "split": ("split", "split"),
    "subset": ("subset", "subset"),
    "sweep": ("sweep", "sweep"),
    "train": ("run", "train"),
    "transfer": ("transfer", "transfer"),
}

# Where the other names are: the module and what it is called there.
_NAMES = {
    "ClassInfo": ("maskwright.structures", "ClassInfo"),
    "ClassTable": ("maskwright.structures", "ClassTable"),
    "CocoDataset": ("maskwright.coco_dataset.dataset", "CocoDataset"),
    "Instances": ("maskwright.structures", "Instances"),
    "Sample": ("maskwright.coco_dataset.sample", "Sample"),
    "score_instances": ("maskwright.evaluation.score_instances", "score_instances"),
    "score_semantic": ("maskwright.evaluation.score_semantic", "score_semantic"),
}

if TYPE_CHECKING:
    from maskwright.coco_dataset.dataset import CocoDataset as CocoDataset
    from maskwright.coco_dataset.sample import Sample as Sample
    from maskwright.evaluation.score_instances import score_instances as score_instances
    from maskwright.evaluation.score_semantic import score_semantic as score_semantic
    from maskwright.structures import ClassInfo as ClassInfo
    from maskwright.structures import ClassTable as ClassTable
    from maskwright.structures import Instances as Instances
    from maskwright.workflows.check import check as check
    from maskwright.workflows.convert import convert as convert
    from maskwright.workflows.demo import demo as demo
    from maskwright.workflows.explore import explore as explore
    from maskwright.workflows.masks import masks as draw_masks
    from maskwright.workflows.models import list_models as list_models
    from maskwright.workflows.predict import predict as predict
    from maskwright.workflows.recipes import list_recipes as list_recipes
    from maskwright.workflows.report import report as report
    from maskwright.workflows.run import evaluate as evaluate
    from maskwright.workflows.run import run as run
    from maskwright.workflows.run import train as train
    from maskwright.workflows.score import score as score
    from maskwright.workflows.split import split as split
    from maskwright.workflows.subset import subset as subset
    from maskwright.workflows.sweep import sweep as sweep
    from maskwright.workflows.transfer import transfer as transfer

__all__ = [
    "ClassInfo",
    "ClassTable",
    "CocoDataset",
    "Instances",
    "Sample",
    "__version__",
    "check",
    "convert",
    "demo",
    "draw_masks",
    "evaluate",
    "explore",
    "list_models",
    "list_recipes",
    "predict",
    "report",
    "run",
    "score",
    "score_instances",
    "score_semantic",
    "split",
    "subset",
    "sweep",
    "train",
    "transfer",
]


if not TYPE_CHECKING:  # A type checker would take any name for one that is here.

    def __getattr__(name: str) -> Any:
        if name in _VERBS:
            module, function = _VERBS[name]
            return getattr(import_module(f"maskwright.workflows.{module}"), function)
        if name in _NAMES:
            module, attribute = _NAMES[name]
            return getattr(import_module(module), attribute)
        raise AttributeError(f"module 'maskwright' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
