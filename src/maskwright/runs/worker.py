"""A process of a distributed training; :mod:`maskwright.runs.launch` starts one for each device."""

import json
import os
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from maskwright.errors import MaskwrightError
from maskwright.parallel.orphans import end_with_parent
from maskwright.printing import print_lines
from maskwright.progress import Reporter
from maskwright.recipes.loading import recipe_of_text
from maskwright.runs.launch import TrainingJob
from maskwright.runs.stages import train_recipe


def worker_main(text: str) -> int:
    """Do the :class:`~maskwright.runs.launch.TrainingJob` in the JSON ``text`` and return the exit code.

    It is called as ``python -m maskwright.runs.worker JOB``. An error is written to torchrun's error file, from which
    the launching process reports it once.
    """
    end_with_parent()
    job = TrainingJob(**json.loads(text))
    try:
        recipe = recipe_of_text(job.recipe, "the recipe of the launching process")
        train_recipe(recipe, Path(job.out), resume=job.resume, reporter=Reporter(job.quiet))
    except MaskwrightError as error:
        _report(error.lines, error.exit_code)
        return error.exit_code
    except OSError as error:
        _report([f"{error.filename or 'a file'}: {error.strerror or error}"], 1)
        return 1
    except Exception:
        _report(traceback.format_exc().rstrip("\n").split("\n"), None)
        return 1
    return 0


def _report(lines: Sequence[str], exit_code: int | None) -> None:
    """Write the ``lines`` of a message to torchrun's error file; without ``exit_code`` they are a traceback."""
    file = os.environ.get("TORCHELASTIC_ERROR_FILE")
    if file:
        said = {"message": "\n".join(lines), "lines": lines}
        content = {**said, "expected": exit_code is not None, "exit_code": exit_code, "timestamp": int(time.time())}
        Path(file).write_text(json.dumps(content), encoding="utf-8")
    elif exit_code is None:
        print_lines(*lines, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(worker_main(sys.argv[1]))
