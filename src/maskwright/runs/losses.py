"""The losses of a batch: the recipe's loss for semantic models, or the losses of a model that has its own."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn

from maskwright.errors import UsageError
from maskwright.models.catalogue import find_model
from maskwright.models.losses.catalogue import SemanticLoss, build_loss
from maskwright.models.losses.class_weights import class_weights
from maskwright.models.point_rend.segmenter import labels_at
from maskwright.models.semantic import SemanticOutput
from maskwright.recipes.schema import Recipe
from maskwright.runs.experiment import Experiment
from maskwright.runs.mask_statistics import training_pixels
from maskwright.training.device import resolve_precision
from maskwright.training.state import Losses


def batch_losses(experiment: Experiment, fabric: Fabric) -> Callable[[nn.Module, Any], Losses]:
    """Return the function that computes the losses of a model on a batch by name; training minimises their sum."""
    recipe = experiment.recipe
    if has_own_losses(recipe):
        return partial(model_losses, fabric)
    weights = recipe_class_weights(experiment)
    weights = weights if weights is None else weights.to(fabric.device)  # else each step would copy them
    # Points have no neighbours, so their loss is the one that needs none.
    of_points = build_loss("cross_entropy", experiment.prepared.table.ignore_index, class_weights=weights)
    return SemanticLosses(fabric, recipe, recipe_loss(experiment, weights), of_points)


def recipe_class_weights(experiment: Experiment) -> torch.Tensor | None:
    """Return the class weights ``(K+1,)`` float of the recipe, or None; report them and write them to the card."""
    section, table = experiment.recipe.loss, experiment.prepared.table
    if section.class_weights == "none":
        return None
    weights = class_weights(section.class_weights, training_pixels(experiment), section.effective_beta)
    named = {name: float(f"{w:.4g}") for name, w in zip(table.names_with_background, weights.tolist(), strict=True)}
    experiment.run.reporter.say(f"class weights: {', '.join(f'{name} {w:g}' for name, w in named.items())}")
    experiment.run.update_card(class_weights=named)
    return torch.from_numpy(weights)


def recipe_loss(experiment: Experiment, weights: torch.Tensor | None) -> SemanticLoss:
    """Return the semantic loss of the recipe's ``loss`` section, with the class ``weights`` ``(K+1,)``."""
    section = experiment.recipe.loss
    options = section.model_dump(exclude={"name", "class_weights", "effective_beta", "auxiliary"})
    return build_loss(section.name, experiment.prepared.table.ignore_index, class_weights=weights, **options)


class SemanticLosses:
    """The losses of a semantic model: a callable of the model and a batch of images and label maps ``(B, H, W)``.

    They are the parts of ``loss`` on the logits ``(B, K+1, H, W)``. A model with an auxiliary head adds ``auxiliary``,
    its loss times ``loss.auxiliary``. A PointRend model in training adds ``points``, the loss ``of_points`` at its
    points, see :mod:`maskwright.models.point_rend.segmenter`.
    """

    def __init__(self, fabric: Fabric, recipe: Recipe, loss: SemanticLoss, of_points: SemanticLoss) -> None:
        self.fabric, self.recipe, self.loss, self.of_points = fabric, recipe, loss, of_points

    def __call__(self, model: nn.Module, batch: Any) -> Losses:
        """Return the losses of ``model`` on ``batch``; raise ``UsageError`` for one too small for BatchNorm."""
        images, labels = self.fabric.to_device(batch)
        output = _forward(model, images.contiguous(memory_format=memory_format_of(self.recipe, self.fabric.device)))
        return self.of_output(output, labels)

    def of_output(self, output: SemanticOutput, labels: torch.Tensor) -> Losses:
        """Return the losses of a model's ``output``; ``labels`` ``(B, H, W)`` int64 have the size of its logits."""
        losses = self.loss(output["logits"].float(), labels)
        if "auxiliary" in output and self.recipe.loss.auxiliary:
            parts = self.loss(output["auxiliary"].float(), labels)
            losses["auxiliary"] = self.recipe.loss.auxiliary * torch.stack(list(parts.values())).sum()
        if "points" in output and "point_logits" in output:
            parts = self.of_points(output["point_logits"].float(), labels_at(labels, output["points"]))
            losses["points"] = parts["cross_entropy"]
        return losses


def has_own_losses(recipe: Recipe) -> bool:
    """Return whether the recipe's model computes its losses itself: instance models, and models of queries."""
    return recipe.task == "instance" or find_model(recipe.model.name).own_losses


def model_losses(fabric: Fabric, model: nn.Module, batch: Any) -> Losses:
    """Return the losses that ``model`` computes on a batch, by its own names without ``loss_``."""
    images, targets = fabric.to_device(batch)
    return {key.removeprefix("loss_"): value for key, value in model(images, targets).items()}


def memory_format_of(recipe: Recipe, device: torch.device) -> torch.memory_format:
    """Return the memory format on ``device``: with ``train.channels_last`` that, but for instance models in float32.

    Those gain nothing from it on a CPU (Mask R-CNN on MobileNetV2 at 416 pixels takes 2.6 s a step both ways); in
    bfloat16 they do (1.7 s instead of 2.0 s). Their batch follows the layout of the weights.
    """
    gains = recipe.task != "instance" or resolve_precision(recipe.train.precision, device) != "32-true"
    return torch.channels_last if recipe.train.channels_last and gains else torch.contiguous_format


def _forward(model: nn.Module, images: torch.Tensor) -> Any:
    try:
        return model(images)
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise UsageError(
            f"train.batch_size {len(images)}: BatchNorm after global pooling has one value per channel; expected at "
            "least 2 images. Raise train.batch_size to 2 or more for each device."
        ) from error
