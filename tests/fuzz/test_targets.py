"""Every reader of foreign bytes answers or refuses: on sound inputs, on all that was ever found, and on some others."""

import random
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings

from tests.fuzz.harness import Target, run_input
from tests.fuzz.mutation import mutated
from tests.fuzz.search import ALL_CHECKS
from tests.fuzz.targets import TARGETS

FINDINGS = Path(__file__).parent / "findings"
_CHANGED, _DRAWN = 15, 10

every_target = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)


def read(target: Target, path: Path, content: bytes) -> None:
    outcome = run_input(target, path, content)
    assert not outcome.found, f"{content[:200]!r}\n{outcome.trace}"


@every_target
def test_sound_inputs_are_read(target: Target, tmp_path: Path) -> None:
    path = target.place(tmp_path / "inputs")
    outcomes = [run_input(target, path, content) for content in target.seeds()]
    assert not [outcome.trace for outcome in outcomes if outcome.found]
    assert any(not outcome.said for outcome in outcomes), [outcome.said for outcome in outcomes]


@pytest.mark.parametrize(
    ("name", "finding"),
    [(path.parent.name, path) for path in sorted(FINDINGS.glob("*/*"))],
    ids=lambda each: each.name if isinstance(each, Path) else each,
)
def test_what_was_found_is_mended(name: str, finding: Path, tmp_path: Path) -> None:
    if name not in TARGETS:
        pytest.skip("needs the extra [serve]")
    read(TARGETS[name], TARGETS[name].place(tmp_path / "inputs"), finding.read_bytes())


@every_target
def test_changed_inputs_are_read_or_refused(target: Target, tmp_path: Path) -> None:
    path, chance, seeds = target.place(tmp_path / "inputs"), random.Random(0), target.seeds()
    for _ in range(_CHANGED):
        content = mutated(chance.choice(seeds), chance, seeds, target.tokens)
        read(target, path, content)
        if target.mend is not None:
            read(target, path, target.mend(content))


@every_target
def test_drawn_inputs_are_read_or_refused(target: Target, tmp_path: Path) -> None:
    path = target.place(tmp_path / "inputs")

    @settings(max_examples=_DRAWN, phases=[Phase.generate], suppress_health_check=ALL_CHECKS)
    @given(target.strategy())
    def draw(content: bytes) -> None:
        read(target, path, content)

    draw()
