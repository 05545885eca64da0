"""Maskwright: COCO-style annotations to segmentation models you can trust.

The verbs of the command line are functions here: ``from maskwright import run, draw_masks, predict``. Each is imported
at first use, so that ``import maskwright`` is immediate and needs no torch.
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
    "evaluate": ("evaluate", "evaluate"),
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
    "train": ("train", "train"),
    "transfer": ("transfer", "transfer"),
}

# What users call that is no verb: the module and the name in it.
_FACE = {
    "load_model": ("runs.loaded_model", "load_model"),
}

if TYPE_CHECKING:
    from maskwright.runs.loaded_model import load_model as load_model
    from maskwright.workflows.check import check as check
    from maskwright.workflows.convert import convert as convert
    from maskwright.workflows.demo import demo as demo
    from maskwright.workflows.evaluate import evaluate as evaluate
    from maskwright.workflows.explore import explore as explore
    from maskwright.workflows.masks import masks as draw_masks
    from maskwright.workflows.models import list_models as list_models
    from maskwright.workflows.predict import predict as predict
    from maskwright.workflows.recipes import list_recipes as list_recipes
    from maskwright.workflows.report import report as report
    from maskwright.workflows.run import run as run
    from maskwright.workflows.score import score as score
    from maskwright.workflows.split import split as split
    from maskwright.workflows.subset import subset as subset
    from maskwright.workflows.sweep import sweep as sweep
    from maskwright.workflows.train import train as train
    from maskwright.workflows.transfer import transfer as transfer

__all__ = [
    "__version__",
    "check",
    "convert",
    "demo",
    "draw_masks",
    "evaluate",
    "explore",
    "list_models",
    "list_recipes",
    "load_model",
    "predict",
    "report",
    "run",
    "score",
    "split",
    "subset",
    "sweep",
    "train",
    "transfer",
]


def __getattr__(name: str) -> Any:
    if name in _VERBS:
        module, function = _VERBS[name]
        return getattr(import_module(f"maskwright.workflows.{module}"), function)
    if name in _FACE:
        module, attribute = _FACE[name]
        return getattr(import_module(f"maskwright.{module}"), attribute)
    raise AttributeError(f"module 'maskwright' has no attribute '{name}'")
