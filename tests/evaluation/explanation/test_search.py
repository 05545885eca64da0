"""Causes planted in what pycocotools is given are named, alone and in pairs."""

import json
from itertools import combinations
from pathlib import Path

import pytest

from maskwright.errors import DataError
from maskwright.evaluation.coco.truth import read_truth
from maskwright.evaluation.explanation import search
from maskwright.evaluation.explanation.changes import CHANGES, can_matter
from maskwright.evaluation.explanation.other_numbers import read_other_numbers
from maskwright.evaluation.explanation.scoring import Protocol
from maskwright.evaluation.explanation.search import ChangedScores, Explanation, find_explanation
from maskwright.evaluation.results.classes import class_index
from maskwright.evaluation.results.records import read_results
from maskwright.progress import Reporter
from tests.evaluation.explanation.planted import FILES, RULES, dataset, planted_scores

CAUSES = [*FILES, *RULES]
QUIET = Reporter(quiet=True)


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> ChangedScores:
    folder = tmp_path_factory.mktemp("explained")
    truth, found = dataset()
    (folder / "truth.json").write_text(json.dumps(truth))
    (folder / "results.json").write_text(json.dumps(found))
    true = read_truth(folder / "truth.json")
    true.draw_masks()
    index = class_index(folder / "results.json", true.names, true.other_names)
    results = read_results(folder / "results.json", true.image_index(), index)
    return ChangedScores(Protocol.official(true, results, None))


def explained(scored: ChangedScores, causes: tuple[str, ...], folder: Path) -> Explanation:
    other = folder / "other.json"
    other.write_text(json.dumps({kind: planted_scores(causes, kind) for kind in ("bbox", "segm")}))
    return find_explanation(scored, read_other_numbers(other, "segm"), QUIET)


def test_there_are_twelve_planted_causes() -> None:
    assert len(CAUSES) == 12
    assert set(CAUSES) <= set(CHANGES)


def test_equal_numbers_need_no_cause(scored: ChangedScores, tmp_path: Path) -> None:
    found = explained(scored, (), tmp_path)
    assert found.official.agrees
    assert found.to_json()["causes"] == []
    assert "agree" in found.sentence


@pytest.mark.parametrize("cause", CAUSES)
def test_a_planted_cause_is_named(scored: ChangedScores, cause: str, tmp_path: Path) -> None:
    found = explained(scored, (cause,), tmp_path)
    assert found.to_json()["causes"] == [cause], found.sentence
    assert CHANGES[cause].meaning in found.sentence


def exclusive(pair: tuple[str, str]) -> bool:
    """Whether the causes of a pair are of one topic, or the first leaves nothing for the second to change."""
    one, other = (CHANGES[name].topic for name in pair)
    # Without classes at most 100 detections of an image are scored anyway.
    limits = ({"100-detections-an-image", each} for each in ("300-detections-a-class", "classes-not-told-apart"))
    return one == other or set(pair) in limits


PAIRS = [pair for pair in combinations(CAUSES, 2) if not exclusive(pair)]


@pytest.mark.slow
@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_a_planted_pair_of_causes_is_named(scored: ChangedScores, pair: tuple[str, str], tmp_path: Path) -> None:
    found = explained(scored, pair, tmp_path)
    both = [planted_scores(pair, kind) for kind in ("bbox", "segm")]
    hidden = [cause for cause in pair if both == [planted_scores((cause,), kind) for kind in ("bbox", "segm")]]
    if hidden:  # the other cause changes nothing beside it
        assert found.to_json()["causes"] == hidden[:1]
        return
    named = [set(found.to_json()["causes"]), *({*each.changes} for each in found.alternatives)]
    assert set(pair) in named, found.sentence


@pytest.mark.parametrize("pair", [PAIRS[1], PAIRS[12]], ids="+".join)
def test_two_of_the_pairs(scored: ChangedScores, pair: tuple[str, str], tmp_path: Path) -> None:
    test_a_planted_pair_of_causes_is_named(scored, pair, tmp_path)


def test_numbers_that_nothing_gives_are_said_to_be_unexplained(
    scored: ChangedScores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_PAIRS", 10)
    other = {kind: {"AP": 0.987, "AP50": 0.123} for kind in ("bbox", "segm")}
    (tmp_path / "other.json").write_text(json.dumps(other))
    numbers = read_other_numbers(tmp_path / "other.json", "segm")
    found = find_explanation(scored, numbers, QUIET)
    assert not found.best.agrees
    assert found.sentence.startswith("Not explained")
    assert len(found.to_json()["nearest"]) == 5


def test_changes_that_take_more_scores_than_the_limit_are_refused_and_pairs_left_out(
    scored: ChangedScores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other.json").write_text(json.dumps({"AP": 0.987, "AP50": 0.123}))
    numbers = read_other_numbers(tmp_path / "other.json", "segm")
    alone = scored.protocol.cost() * sum(can_matter(change, scored.protocol) for change in CHANGES.values())
    monkeypatch.setenv("MASKWRIGHT_LIMIT_EXPLAINED_SCORES", str(alone - 1))
    with pytest.raises(DataError, match=rf"{alone:,} scores of classes.*--limit explained-scores"):
        find_explanation(scored, numbers, QUIET)
    monkeypatch.setenv("MASKWRIGHT_LIMIT_EXPLAINED_SCORES", str(alone + 2 * scored.protocol.cost()))
    found = find_explanation(scored, numbers, QUIET)
    assert found.left_out > 0
    assert f"{found.left_out:,} pairs were not tried" in found.sentence
