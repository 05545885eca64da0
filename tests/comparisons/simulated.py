"""Simulated detectors: matches of detections with objects on images that are easy or hard for all of them."""

import numpy as np

from maskwright.evaluation.coco.weighted import MatchRecords, Ranked

THRESHOLDS = 10


def detectors(
    images: int, skills: tuple[float, ...], seed: int, difficulty: float = 1.0
) -> list[dict[str, MatchRecords]]:
    """The matches of detectors of several ``skills`` on the same images, by IoU type ``segm``.

    An object is found with a chance that the skill raises and a hard image lowers. How exactly it is found says up to
    which IoU threshold it counts. There are false detections of lower scores.
    """
    rng = np.random.default_rng(seed)
    objects = rng.poisson(2.5, images)
    hard = difficulty * rng.normal(size=images)
    owner = np.repeat(np.arange(images), objects)
    return [_detector(rng, skill, objects, hard, owner) for skill in skills]


def _detector(
    rng: np.random.Generator, skill: float, objects: np.ndarray, hard: np.ndarray, owner: np.ndarray
) -> dict[str, MatchRecords]:
    chance = 1 / (1 + np.exp(hard[owner] - skill))
    found = np.flatnonzero(rng.random(len(owner)) < chance)
    exact = rng.beta(2 + chance[found], 2, len(found)) * THRESHOLDS
    false = np.repeat(np.arange(len(objects)), rng.poisson(1.5, len(objects)))
    score = np.concatenate([rng.beta(4, 2, len(found)), rng.beta(2, 3, len(false))])
    right = np.arange(THRESHOLDS)[:, None] < np.concatenate([np.ceil(exact), np.zeros(len(false))])
    order = np.argsort(-score, kind="stable")
    image = np.concatenate([owner[found], false])[order]
    cell = Ranked(image, score[order], right[:, order], np.ones_like(right), objects.astype(np.int64))
    return {"segm": MatchRecords([1], [[cell] * 4], np.linspace(0, 1, 101))}
