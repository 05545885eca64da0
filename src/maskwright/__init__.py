"""Maskwright: COCO-style annotations to segmentation models you can trust.

The commands are functions: ``from maskwright import run, draw_masks, predict``. They work on objects of this package: a
:class:`CocoDataset` and its :class:`Sample`, the :class:`Instances` of an image, a :class:`ClassTable`, a
:class:`Recipe`, the :class:`RunFolder` of a run and a :class:`LoadedModel`. Each name is imported at first use, so that
``import maskwright`` is fast and loads no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from maskwright.parallel.garbage_collection import collector_paused
from maskwright.parallel.waiting_threads import set_waiting_policy
from maskwright.version import __version__

# The module of each name. draw_masks is not called masks, because that is the sub-package maskwright.masks.
_VERBS = {
    "check": "workflows.check",
    "compare": "workflows.compare",
    "convert": "workflows.convert",
    "demo": "workflows.demo",
    "draw_masks": "workflows.masks",
    "evaluate": "workflows.evaluate",
    "explore": "workflows.explore",
    "export_model": "workflows.export",
    "init": "workflows.init",
    "list_models": "workflows.models",
    "list_recipes": "workflows.recipes",
    "predict": "workflows.predict",
    "report": "workflows.report",
    "review": "workflows.review",
    "run": "workflows.run",
    "run_folds": "workflows.folds",
    "score": "workflows.score",
    "split": "workflows.split",
    "subset": "workflows.subset",
    "sweep": "workflows.sweep",
    "train": "workflows.train",
    "transfer": "workflows.transfer",
}
_HELD = {
    "ClassInfo": "structures",
    "ClassTable": "structures",
    "CocoDataset": "coco_dataset.dataset",
    "CrossEvaluation": "runs.cross_evaluation_data",
    "Instances": "structures",
    "LoadedModel": "runs.loaded_model",
    "MaskOptions": "label_maps.options",
    "PanopticMap": "structures",
    "PanopticSegment": "structures",
    "Recipe": "recipes.schema",
    "Reporter": "progress",
    "RunFolder": "run_folder",
    "Sample": "coco_dataset.sample",
    "accept_licence": "models.weights.acceptance",
    "load_model": "runs.loaded_model",
    "score_instances": "evaluation.score_instances",
    "score_panoptic": "evaluation.score_panoptic",
    "score_semantic": "evaluation.score_semantic",
}
_NAMED_OTHERWISE = {"draw_masks": "masks"}

if TYPE_CHECKING:
    from maskwright.coco_dataset.dataset import CocoDataset as CocoDataset
    from maskwright.coco_dataset.sample import Sample as Sample
    from maskwright.evaluation.score_instances import score_instances as score_instances
    from maskwright.evaluation.score_panoptic import score_panoptic as score_panoptic
    from maskwright.evaluation.score_semantic import score_semantic as score_semantic
    from maskwright.label_maps.options import MaskOptions as MaskOptions
    from maskwright.models.weights.acceptance import accept_licence as accept_licence
    from maskwright.progress import Reporter as Reporter
    from maskwright.recipes.schema import Recipe as Recipe
    from maskwright.run_folder import RunFolder as RunFolder
    from maskwright.runs.cross_evaluation_data import CrossEvaluation as CrossEvaluation
    from maskwright.runs.loaded_model import LoadedModel as LoadedModel
    from maskwright.runs.loaded_model import load_model as load_model
    from maskwright.structures import ClassInfo as ClassInfo
    from maskwright.structures import ClassTable as ClassTable
    from maskwright.structures import Instances as Instances
    from maskwright.structures import PanopticMap as PanopticMap
    from maskwright.structures import PanopticSegment as PanopticSegment
    from maskwright.workflows.check import check as check
    from maskwright.workflows.compare import compare as compare
    from maskwright.workflows.convert import convert as convert
    from maskwright.workflows.demo import demo as demo
    from maskwright.workflows.evaluate import evaluate as evaluate
    from maskwright.workflows.explore import explore as explore
    from maskwright.workflows.export import export_model as export_model
    from maskwright.workflows.folds import run_folds as run_folds
    from maskwright.workflows.init import init as init
    from maskwright.workflows.masks import masks as draw_masks
    from maskwright.workflows.models import list_models as list_models
    from maskwright.workflows.predict import predict as predict
    from maskwright.workflows.recipes import list_recipes as list_recipes
    from maskwright.workflows.report import report as report
    from maskwright.workflows.review import review as review
    from maskwright.workflows.run import run as run
    from maskwright.workflows.score import score as score
    from maskwright.workflows.split import split as split
    from maskwright.workflows.subset import subset as subset
    from maskwright.workflows.sweep import sweep as sweep
    from maskwright.workflows.train import train as train
    from maskwright.workflows.transfer import transfer as transfer

__all__ = [
    "ClassInfo",
    "ClassTable",
    "CocoDataset",
    "CrossEvaluation",
    "Instances",
    "LoadedModel",
    "MaskOptions",
    "PanopticMap",
    "PanopticSegment",
    "Recipe",
    "Reporter",
    "RunFolder",
    "Sample",
    "__version__",
    "accept_licence",
    "check",
    "compare",
    "convert",
    "demo",
    "draw_masks",
    "evaluate",
    "explore",
    "export_model",
    "init",
    "list_models",
    "list_recipes",
    "load_model",
    "predict",
    "report",
    "review",
    "run",
    "run_folds",
    "score",
    "score_instances",
    "score_panoptic",
    "score_semantic",
    "split",
    "subset",
    "sweep",
    "train",
    "transfer",
]


if not TYPE_CHECKING:  # With __getattr__ a type checker would accept every name.

    def __getattr__(name: str) -> Any:
        module = {**_VERBS, **_HELD}.get(name)
        if module is None:
            raise AttributeError(f"module 'maskwright' has no attribute '{name}'")
        set_waiting_policy()
        with collector_paused():
            return getattr(import_module(f"maskwright.{module}"), _NAMED_OTHERWISE.get(name, name))


def __dir__() -> list[str]:
    """Return all names of the package, also those not imported yet."""
    return sorted({*globals(), *__all__})
