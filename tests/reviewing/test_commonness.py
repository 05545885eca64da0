"""How common evidence is among the labels of a class, and what that leaves of it."""

from collections import Counter
from dataclasses import replace

import pytest

from maskwright.reviewing.commonness import weigh_by_commonness
from maskwright.reviewing.suspects import MISSING, POOR_OUTLINE, SPURIOUS, WRONG_CLASS, Suspect

DISC, RING = 3, 7


def suspect(kind: str, evidence: float, label: int | None = DISC, suggested: int | None = None) -> Suspect:
    return Suspect(kind, 0, evidence, label=label, suggested=suggested)


def evidence(suspects: list[Suspect], labels: dict[int, int], found: dict[int, float] | None = None) -> list[float]:
    return [each.evidence for each in weigh_by_commonness(suspects, Counter(labels), found or {})]


@pytest.mark.parametrize("kind", [SPURIOUS, POOR_OUTLINE])
def test_the_strongest_evidence_stays_and_what_a_tenth_surpasses_counts_half(kind: str):
    suspects = [suspect(kind, 0.9 - i / 1000) for i in range(101)]
    weighed = evidence(suspects, {DISC: 1000})
    assert weighed[0] == 0.9
    assert weighed[100] == pytest.approx(0.8 / 2)
    assert weighed == sorted(weighed, reverse=True)


def test_a_class_with_few_labels_leans_on_all_classes():
    # Two rings: the first is surpassed by 100 of 1002 labels, and by none of its class; eight labels of all count too.
    suspects = [*(suspect(SPURIOUS, 0.9) for _ in range(100)), suspect(SPURIOUS, 0.5, RING)]
    common = 8 * (100 / 1002) / (2 + 8)
    assert evidence(suspects, {DISC: 1000, RING: 2})[-1] == pytest.approx(0.5 * 0.1 / (0.1 + common))


def test_a_class_that_is_often_taken_for_another_is_not_wrong_each_time():
    one = suspect(WRONG_CLASS, 0.6, DISC, RING)
    assert evidence([one], {DISC: 100}, {RING: 49.0}) == [0.6]
    # 50 others of 0.6 against 49 rings that are found: commonness 30 / 50.
    assert evidence([one] * 51, {DISC: 100}, {RING: 49.0}) == pytest.approx([0.6 * (1 / 3) / (1 / 3 + 0.6)] * 51)
    # Against many rings that are found it is little.
    assert evidence([one] * 51, {DISC: 100}, {RING: 9999.0})[0] == pytest.approx(0.6, rel=0.01)


def test_other_kinds_and_the_order_stay_and_the_share_is_told():
    suspects = [suspect(MISSING, 0.7, None, DISC), suspect(SPURIOUS, 0.6), suspect(SPURIOUS, 0.8)]
    weighed = weigh_by_commonness(suspects, Counter({DISC: 2}), {})
    assert weighed[0] == suspects[0]
    assert [each.kind for each in weighed] == [each.kind for each in suspects]
    assert weighed[2] == replace(suspects[2], figures={"commonness": 0.0})
    assert weighed[1].figures["commonness"] == pytest.approx((1 + 8 * 1 / 2) / (2 + 8))
