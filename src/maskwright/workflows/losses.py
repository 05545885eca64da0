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
from maskwright.recipes.schema import Recipe
from maskwright.training.training import Losses
from maskwright.workflows.experiment import Experiment
from maskwright.workflows.training_data import training_pixels


def batch_losses(experiment: Experiment, fabric: Fabric) -> Callable[[nn.Module, Any], Losses]:
    """The function that gives the named losses of a model on a batch; their sum is minimised."""
    recipe = experiment.recipe
    if recipe.task == "instance":
        return partial(instance_losses, fabric)
    return partial(semantic_losses, fabric, recipe, recipe_loss(experiment))


def recipe_loss(experiment: Experiment) -> SemanticLoss:
    """The semantic loss that the recipe's ``loss`` section describes; class weights are said and put on the card."""
    section, table = experiment.recipe.loss, experiment.prepared.table
    weights = None
    if section.class_weights != "none":
        weights = class_weights(section.class_weights, training_pixels(experiment), section.effective_beta)
        named = {name: float(f"{w:.4g}") for name, w in zip(table.names_with_background, weights.tolist(), strict=True)}
        experiment.run.reporter.say(f"class weights: {', '.join(f'{name} {w:g}' for name, w in named.items())}")
        experiment.run.update_card(class_weights=named)
    options = section.model_dump(exclude={"name", "class_weights", "effective_beta", "auxiliary"})
    tensor = None if weights is None else torch.from_numpy(weights)
    return build_loss(section.name, table.ignore_index, class_weights=tensor, **options)


def semantic_losses(fabric: Fabric, recipe: Recipe, loss: SemanticLoss, model: nn.Module, batch: Any) -> Losses:
    """The parts of ``loss`` on the logits, and their sum on the auxiliary head where the model has one."""
    images, labels = fabric.to_device(batch)
    output = _forward(model, images.contiguous(memory_format=memory_format_of(recipe)))
    losses = loss(output["logits"].float(), labels)
    if "auxiliary" in output and recipe.loss.auxiliary:
        parts = loss(output["auxiliary"].float(), labels)
        losses["auxiliary"] = recipe.loss.auxiliary * torch.stack(list(parts.values())).sum()
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
