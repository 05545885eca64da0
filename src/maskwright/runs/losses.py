"""What a batch costs: the recipe's loss for semantic models, Mask R-CNN's own losses for instances."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn

from maskwright.errors import UsageError
from maskwright.models.losses.catalogue import SemanticLoss, build_loss
from maskwright.models.losses.class_weights import class_weights
from maskwright.models.point_rend.segmenter import labels_at
from maskwright.recipes.schema import Recipe
from maskwright.runs.context import Experiment
from maskwright.runs.mask_statistics import training_pixels
from maskwright.training.state import Losses


def batch_losses(experiment: Experiment, fabric: Fabric) -> Callable[[nn.Module, Any], Losses]:
    """The function that gives the named losses of a model on a batch; their sum is minimised."""
    recipe = experiment.recipe
    if recipe.task == "instance":
        return partial(instance_losses, fabric)
    weights = recipe_class_weights(experiment)
    # Points have no neighbours, so they cost what pixels cost in the one loss that asks for none.
    of_points = build_loss("cross_entropy", experiment.prepared.table.ignore_index, class_weights=weights)
    return partial(semantic_losses, fabric, recipe, recipe_loss(experiment, weights), of_points)


def recipe_class_weights(experiment: Experiment) -> torch.Tensor | None:
    """The weights ``(K+1,)`` of the classes if the recipe asks for some; they are said and put on the card."""
    section, table = experiment.recipe.loss, experiment.prepared.table
    if section.class_weights == "none":
        return None
    weights = class_weights(section.class_weights, training_pixels(experiment), section.effective_beta)
    named = {name: float(f"{w:.4g}") for name, w in zip(table.names_with_background, weights.tolist(), strict=True)}
    experiment.run.reporter.say(f"class weights: {', '.join(f'{name} {w:g}' for name, w in named.items())}")
    experiment.run.update_card(class_weights=named)
    return torch.from_numpy(weights)


def recipe_loss(experiment: Experiment, weights: torch.Tensor | None) -> SemanticLoss:
    """The semantic loss that the recipe's ``loss`` section describes, with class ``weights`` ``(K+1,)``."""
    section = experiment.recipe.loss
    options = section.model_dump(exclude={"name", "class_weights", "effective_beta", "auxiliary"})
    return build_loss(section.name, experiment.prepared.table.ignore_index, class_weights=weights, **options)


def semantic_losses(
    fabric: Fabric, recipe: Recipe, loss: SemanticLoss, of_points: SemanticLoss, model: nn.Module, batch: Any
) -> Losses:
    """The parts of ``loss`` on the logits, their sum on the auxiliary head where the model has one, and ``points``.

    The last is the loss ``of_points`` (see :mod:`maskwright.models.point_rend.segmenter`) where the model has some.
    """
    images, labels = fabric.to_device(batch)
    output = _forward(model, images.contiguous(memory_format=memory_format_of(recipe)))
    losses = loss(output["logits"].float(), labels)
    if "auxiliary" in output and recipe.loss.auxiliary:
        parts = loss(output["auxiliary"].float(), labels)
        losses["auxiliary"] = recipe.loss.auxiliary * torch.stack(list(parts.values())).sum()
    if "points" in output:
        parts = of_points(output["point_logits"].float(), labels_at(labels, output["points"]))
        losses["points"] = parts["cross_entropy"]
    return losses


def instance_losses(fabric: Fabric, model: nn.Module, batch: Any) -> Losses:
    """Mask R-CNN's own losses, by torchvision's names without ``loss_``."""
    images, targets = fabric.to_device(batch)
    return {key.removeprefix("loss_"): value for key, value in model(images, targets).items()}


def memory_format_of(recipe: Recipe) -> torch.memory_format:
    """Channels last for semantic models if the recipe says so; detection models take lists of images."""
    wanted = recipe.task == "semantic" and recipe.train.channels_last
    return torch.channels_last if wanted else torch.contiguous_format


def _forward(model: nn.Module, images: torch.Tensor) -> Any:
    try:
        return model(images)
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise UsageError(
            f"train.batch_size {len(images)}: the model normalises over the batch what it pooled to one pixel an "
            "image, which needs two images; expected a batch_size of at least 2."
        ) from error
