import json
import signal
from pathlib import Path

import pytest

from maskwright.errors import UsageError
from maskwright.recipes.loading import dump, load_recipe
from maskwright.runs import worker
from maskwright.training.interruption import Interrupted


@pytest.mark.parametrize(
    ("error", "code", "expected"),
    [
        (UsageError("no such key."), 2, True),
        (Interrupted("asked to stop.", signal.SIGINT), 130, True),
        (OSError(28, "No space left on device", "masks/1.png"), 1, True),
        (RuntimeError("Connection closed by peer"), 1, False),
    ],
)
def test_a_process_leaves_what_went_wrong_where_the_agent_looks(
    error: Exception, code: int, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(worker, "train_recipe", fail)
    monkeypatch.setattr(worker, "end_with_parent", lambda: None)
    monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(tmp_path / "error.json"))
    text = json.dumps({"recipe": dump(load_recipe("demo-semantic")), "out": "run", "resume": False, "quiet": True})
    assert worker.worker_main(text) == code
    said = json.loads((tmp_path / "error.json").read_text())
    assert said["expected"] is expected
    assert str(error.args[0] if not isinstance(error, OSError) else error.strerror) in said["message"]
    assert ("Traceback" in said["message"]) is not expected
    assert "\n".join(said["lines"]) == said["message"]
