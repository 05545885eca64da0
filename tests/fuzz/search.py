"""The search of a target's inputs: those that reach new lines or new errors are kept, and changed further."""

import hashlib
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import hypothesis
from hypothesis import HealthCheck, Phase, settings

from tests.fuzz.coverage import Coverage
from tests.fuzz.harness import Outcome, Target, run_input
from tests.fuzz.mutation import LONGEST, mutated

# Drawing takes longer than changing, and gives inputs that changes of bytes do not come to.
_DRAWN_AT_ONCE, _CHANGED_AT_ONCE = 20, 120
_MOST_ERRORS = 300
# Inputs may be large, slow and alike.
ALL_CHECKS: list[HealthCheck] = [*HealthCheck]  # type: ignore[list-item]
_SECONDS_TO_SHORTEN = 5.0


@dataclass
class Search:
    """A search of ``target`` in ``folder``; each finding is written to ``out`` with its trace beside it.

    ``inputs`` counts the contents that were read, ``refused`` those that gave an error of the package.
    """

    target: Target
    folder: Path
    out: Path
    seed: int = 0
    inputs: int = 0
    refused: int = 0
    findings: dict[str, Path] = field(default_factory=dict)
    corpus: list[bytes] = field(default_factory=list)
    coverage: Coverage = field(default_factory=Coverage)

    def __post_init__(self) -> None:
        self._path = self.target.place(self.folder)
        self._chance = random.Random(self.seed)
        self._errors: set[str] = set()

    def run(self, seconds: float) -> None:
        """Search for ``seconds`` of processor time; some inputs are drawn, most are changed ones."""
        end = time.process_time() + seconds
        for content in self.target.seeds():
            self._try(content, keep=True)
        for content in self._contents(end):
            self._try(content)

    def _contents(self, end: float) -> Iterator[bytes]:
        while time.process_time() < end:
            for content in self._drawn():
                if time.process_time() < end:
                    yield content
            for _ in range(_CHANGED_AT_ONCE):
                if time.process_time() < end:
                    yield self._changed()

    def _drawn(self) -> list[bytes]:
        """Return contents of the target's strategy."""
        found: list[bytes] = []

        @hypothesis.seed(self._chance.getrandbits(64))
        @settings(
            max_examples=_DRAWN_AT_ONCE, database=None, deadline=None, derandomize=False,
            phases=[Phase.generate], suppress_health_check=ALL_CHECKS,
        )  # fmt: skip
        @hypothesis.given(self.target.strategy())
        def draw(content: bytes) -> None:
            found.append(content[:LONGEST])

        draw()
        return found

    def _changed(self) -> bytes:
        # The newest inputs lead further; the old ones must not be forgotten.
        newest = self.corpus[-20:] if self._chance.random() < 0.4 else self.corpus
        content = mutated(self._chance.choice(newest), self._chance, self.corpus, self.target.tokens)
        if self.target.mend is not None and self._chance.random() < 0.7:
            content = self.target.mend(content)
        return content

    def _try(self, content: bytes, keep: bool = False) -> None:
        self.inputs += 1
        outcome, fresh = self.coverage.run(lambda: run_input(self.target, self._path, content))
        self.refused += bool(outcome.said)
        if outcome.found and outcome.found not in self.findings:
            self.findings[outcome.found] = self._save(self._shortened(content, outcome.found), outcome)
        new_error = outcome.said not in self._errors and len(self._errors) < _MOST_ERRORS
        if keep or ((fresh or new_error) and not outcome.found):
            self._errors.add(outcome.said)
            self.corpus.append(content)

    def _shortened(self, content: bytes, found: str) -> bytes:
        """Return a shorter content with the same finding: pieces are left out, half of it first, single bytes last."""
        end, size = time.process_time() + _SECONDS_TO_SHORTEN, max(1, len(content) // 2)
        while size:
            start = 0
            while start < len(content) and time.process_time() < end:
                shorter = content[:start] + content[start + size :]
                if run_input(self.target, self._path, shorter).found == found:
                    content = shorter
                else:
                    start += size
            size //= 2
        return content

    def _save(self, content: bytes, outcome: Outcome) -> Path:
        return save_finding(self.out, self.target.name, content, f"{outcome.found}\n\n{outcome.trace}")


def save_finding(out: Path, target: str, content: bytes, text: str) -> Path:
    """Write a finding to the folder of ``target`` in ``out``, and ``text`` beside it; return its path."""
    path = out / target / hashlib.sha256(content).hexdigest()[:12]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.with_suffix(".txt").write_text(text, encoding="utf-8")
    return path
