"""The search for suspected label errors: truth against the predictions of a model, ranked by evidence.

The evidence of every kind is a product of shares between 0 and 1, so that kinds can be ranked together:

- missing: the trust in a detection that finds no label, times the share of it that no label of its class covers;
- spurious: the usual support of labels of the class and size, times what this one lacks of full support;
- wrong class: the trust in a detection of another class on the label, times the distrust of its own class there;
- poor outline: the trust in the detection, times the share of the usual agreement that is lacking;
- duplicate: the IoU of two labels, times the distrust of a second object there;
- merged, split: the trust in the parts (or the whole), times how much they cover, times the distrust of the opposite.

Trust, support and agreement are those of :mod:`maskwright.reviewing.reliability`. Then evidence that many labels of a
class show counts less, by :mod:`maskwright.reviewing.commonness`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from maskwright.evaluation.coco.truth import CocoTruth
from maskwright.evaluation.results.records import Results
from maskwright.reviewing.commonness import weigh_by_commonness
from maskwright.reviewing.image_evidence import FINDS, Floats, ImageEvidence, evidence_of_images
from maskwright.reviewing.reliability import Reliability, measure_reliability, support_of_objects
from maskwright.reviewing.suspects import (
    DUPLICATE,
    MERGED,
    MISSING,
    POOR_OUTLINE,
    SPLIT,
    SPURIOUS,
    WRONG_CLASS,
    Suspect,
    ranked,
)

# Less evidence than this is not worth a look.
LEAST_EVIDENCE = 0.1

_TOUCHES = 0.1  # IoU from which on a detection may mean an object
_TWICE = 0.6  # IoU of two labels on one object
_PART, _APART, _COVERED = 0.8, 0.1, 0.6  # a part's share inside the whole, IoU of two parts, share of all parts

Search = Callable[[ImageEvidence, Reliability, Floats], Iterator[Suspect]]


def find_suspects(truth: CocoTruth, results: Results) -> list[Suspect]:
    """Return the suspected label errors of ``truth`` by falling evidence, by the ``results`` in its category ids.

    The masks of ``truth`` are drawn in place. Boxes are compared where the truth or the results have no masks.
    """
    truth.draw_masks()
    images = list(evidence_of_images(truth, results))
    reliability = measure_reliability(images)
    found: list[Suspect] = []
    labels, finders = Counter[int](), defaultdict[int, float](float)
    for image in images:
        trust = reliability.trust(image.classes, image.scores)
        for search in _SEARCHES:
            found += [each for each in search(image, reliability, trust) if each.evidence >= LEAST_EVIDENCE]
        for label, by in zip(image.labels.tolist(), _finders(image, trust).max(axis=0, initial=0.0), strict=True):
            labels[label] += 1
            finders[label] += by
    return ranked([e for e in weigh_by_commonness(found, labels, finders) if e.evidence >= LEAST_EVIDENCE])


def _missing(image: ImageEvidence, _: Reliability, trust: Floats) -> Iterator[Suspect]:
    same = image.same
    covered = np.where(same, image.shares(), 0.0).max(axis=1, initial=0.0)
    # On a label of another class it says that this class is wrong; what it half covers, half.
    other = np.minimum(1.0, np.where(same, 0.0, image.ious).max(axis=1, initial=0.0) / FINDS)
    free = (1 - np.minimum(1.0, covered)) * (1 - other) * (1 - np.minimum(1.0, image.in_crowd))
    # Of detections on one another the first alone is an object.
    for d in np.flatnonzero(image.match < 0).tolist():
        evidence = trust[d] * free[d] * (1 - image.found_ious[d, :d].max(initial=0.0))
        figures = {"trust": trust[d], "score": image.scores[d], "covered": max(covered[d], other[d])}
        yield _suspect(image, MISSING, evidence, found=(d,), suggested=image.classes[d], figures=figures)


def _spurious(image: ImageEvidence, reliability: Reliability, _: Floats) -> Iterator[Suspect]:
    support = support_of_objects(image, reliability)
    for g in range(len(image.objects)):
        usual = reliability.usual_support(int(image.labels[g]), float(image.areas[g]))
        if usual * (1 - support[g]) < LEAST_EVIDENCE:
            continue
        figures = {"support": support[g], "usual_support": usual}
        yield _suspect(image, SPURIOUS, usual * (1 - support[g]), objects=(g,), figures=figures)


def _wrong_class(image: ImageEvidence, _: Reliability, trust: Floats) -> Iterator[Suspect]:
    same, finds = image.same, image.ious >= FINDS
    own = _finders(image, trust).max(axis=0, initial=0.0)
    others = np.where(finds & ~same & (image.match < 0)[:, None], trust[:, None], 0.0)
    for g in np.flatnonzero(others.max(axis=0, initial=0.0) > 0).tolist():
        d = int(others[:, g].argmax())
        figures = {"trust": trust[d], "score": image.scores[d], "own_class": own[g], "iou": image.ious[d, g]}
        evidence = trust[d] * (1 - own[g])
        yield _suspect(
            image, WRONG_CLASS, evidence, objects=(g,), found=(d,), suggested=image.classes[d], figures=figures
        )


def _poor_outline(image: ImageEvidence, reliability: Reliability, trust: Floats) -> Iterator[Suspect]:
    finders = image.matched_by
    loose = np.where(image.same & (image.match < 0)[:, None] & (image.ious >= _TOUCHES), image.ious, 0.0)
    loosely = (finders < 0) & (loose.max(axis=0, initial=0.0) > 0)
    for g in np.flatnonzero((finders >= 0) | loosely).tolist():
        d = int((loose[:, g] * trust).argmax()) if loosely[g] else int(finders[g])
        if trust[d] < LEAST_EVIDENCE:
            continue
        usual = reliability.usual_agreement(int(image.labels[g]), float(image.areas[g]))
        agreement = image.agreement(d, g) if loosely[g] else float(image.matched_agreement[g])
        lacking = max(0.0, 1 - agreement / usual) if usual > 0 else 0.0
        figures = {"trust": trust[d], "score": image.scores[d], "iou": image.ious[d, g]}
        figures |= {"agreement": agreement, "usual_agreement": usual}
        yield _suspect(
            image, POOR_OUTLINE, trust[d] * lacking, objects=(g,), found=(d,), suggested=image.classes[d],
            figures=figures,
        )  # fmt: skip


def _duplicate(image: ImageEvidence, _: Reliability, trust: Floats) -> Iterator[Suspect]:
    finders = image.matched_by
    for second in np.flatnonzero(image.twin_ious >= _TWICE).tolist():
        first, overlap = int(image.twin[second]), float(image.twin_ious[second])
        by = [float(trust[finders[g]]) if finders[g] >= 0 else 0.0 for g in (first, second)]
        # The one that the model finds stays, of two alike the earlier one.
        kept, repeated = (first, second) if by[0] >= by[1] else (second, first)
        if overlap * (1 - min(by)) < LEAST_EVIDENCE:
            continue
        figures = {"iou": overlap, "second_object": min(by)}
        yield _suspect(image, DUPLICATE, overlap * (1 - min(by)), objects=(kept, repeated), figures=figures)


def _merged(image: ImageEvidence, _: Reliability, trust: Floats) -> Iterator[Suspect]:
    inside, covers = (image.shares() >= _PART) & image.same, image.shares(of_objects=True)
    whole = _finders(image, trust).max(axis=0, initial=0.0)
    own = image.match[:, None] == np.arange(len(image.objects))[None, :]
    candidates = inside & (own | (image.match < 0)[:, None])
    for g in np.flatnonzero(candidates.sum(axis=0) >= 2).tolist():
        parts = _apart(np.flatnonzero(candidates[:, g]).tolist(), trust, image.found_ious)
        covered = min(1.0, float(covers[parts, g].sum()))
        if len(parts) < 2 or covered < _COVERED:
            continue
        least = float(trust[parts].min())
        figures = {"trust": least, "covered": covered, "as_one_object": whole[g]}
        evidence = least * covered * (1 - whole[g])
        yield _suspect(
            image, MERGED, evidence, objects=(g,), found=tuple(parts), suggested=image.labels[g], figures=figures
        )


def _split(image: ImageEvidence, _: Reliability, trust: Floats) -> Iterator[Suspect]:
    inside, covers = image.shares(of_objects=True) >= _PART, image.shares()
    finders, same = _finders(image, trust), image.same
    for d in range(len(image.found)):
        parts = np.flatnonzero(inside[d] & same[d] & (image.twin_ious < _TWICE)).tolist()
        covered = float(covers[d, parts].sum())
        # Parts that together are larger than the whole lie on one another: they are no parts.
        if len(parts) < 2 or not _COVERED <= covered <= 1 + _APART:
            continue
        covered = min(1.0, covered)
        alone = float(np.delete(finders[:, parts], d, axis=0).max(initial=0.0))
        figures = {"trust": trust[d], "score": image.scores[d], "covered": covered, "as_parts": alone}
        evidence = trust[d] * covered * (1 - alone)
        yield _suspect(
            image, SPLIT, evidence, objects=tuple(parts), found=(d,), suggested=image.classes[d], figures=figures
        )


def _finders(image: ImageEvidence, trust: Floats) -> Floats:
    """Return the trust of each detection in each object that it finds ``(D, G)``, 0 where it finds another or none."""
    return np.where(image.same & (image.ious >= FINDS), trust[:, None], 0.0)


def _apart(candidates: list[int], trust: Floats, ious: Floats) -> list[int]:
    """Return the ``candidates`` that do not overlap, the most trusted first."""
    chosen: list[int] = []
    for each in sorted(candidates, key=lambda i: (-trust[i], i)):
        if trust[each] >= FINDS and (ious[each, chosen] < _APART).all():
            chosen.append(each)
    return chosen


def _suspect(
    image: ImageEvidence,
    kind: str,
    evidence: float | np.floating[npt.NBitBase],
    objects: tuple[int, ...] = (),
    found: tuple[int, ...] = (),
    suggested: int | np.integer[npt.NBitBase] | None = None,
    figures: dict[str, float] | None = None,
) -> Suspect:
    """Return a suspect whose ``objects`` and ``found`` are positions on this image."""
    return Suspect(
        kind,
        image.position,
        float(evidence),
        tuple(int(image.objects[g]) for g in objects),
        tuple(int(image.found[d]) for d in found),
        int(image.labels[objects[0]]) if objects else None,
        int(suggested) if suggested is not None else None,
        {name: float(value) for name, value in (figures or {}).items()},
    )


_SEARCHES: tuple[Search, ...] = (_missing, _spurious, _wrong_class, _poor_outline, _duplicate, _merged, _split)
