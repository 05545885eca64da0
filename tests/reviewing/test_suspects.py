import pytest

from maskwright.reviewing.suspects import KINDS, Suspect, counts_by_kind, ranked, rounded


def suspect(kind: str, evidence: float, objects: tuple[int, ...] = (), found: tuple[int, ...] = ()) -> Suspect:
    return Suspect(kind, 0, evidence, objects, found)


def test_of_suspects_on_one_object_or_detection_the_strongest_stays():
    strong, weak, other = suspect("split", 0.9, (1, 2), (5,)), suspect("spurious", 0.8, (2,)), suspect("missing", 0.7)
    same_detection = suspect("missing", 0.6, (), (5,))
    assert ranked([same_detection, weak, other, strong]) == [strong, other]


def test_equal_evidence_has_one_order():
    first, second = suspect("missing", 0.5, (), (1,)), suspect("missing", 0.5, (), (2,))
    assert ranked([second, first]) == ranked([first, second]) == [first, second]


def test_every_kind_is_counted():
    counts = counts_by_kind([suspect("missing", 0.5)])
    assert counts == {**dict.fromkeys(KINDS, 0), "missing": 1}


def test_figures_have_four_decimals():
    assert rounded({"trust": 2 / 3}) == {"trust": pytest.approx(0.6667, abs=1e-12)}
