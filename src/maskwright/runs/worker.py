"""One of the processes that train together: what :mod:`maskwright.runs.launch` starts for each device."""

import json
import os
import sys
import time
import traceback
from pathlib import Path

import yaml

from maskwright.errors import MaskwrightError
from maskwright.parallel.orphans import end_with_parent
from maskwright.progress import Reporter
from maskwright.recipes.loading import validate_recipe
from maskwright.runs.launch import TrainingJob
from maskwright.runs.stages import train_recipe


def worker_main(text: str) -> int:
    """Do the job written in ``text`` as JSON: ``python -m maskwright.runs.worker JOB``; returns the exit code.

    What goes wrong is written where the agent looks for it, so that the launching process says it once.
    """
    end_with_parent()
    job = TrainingJob(**json.loads(text))
    try:
        recipe = validate_recipe(yaml.safe_load(job.recipe), "the recipe of the launching process")
        train_recipe(recipe, Path(job.out), resume=job.resume, reporter=Reporter(job.quiet))
    except MaskwrightError as error:
        _report(str(error), error.exit_code)
        return error.exit_code
    except OSError as error:
        _report(f"{error.filename or 'a file'}: {error.strerror or error}", 1)
        return 1
    except Exception:
        _report(traceback.format_exc(), None)
        return 1
    return 0


def _report(message: str, exit_code: int | None) -> None:
    """Leave ``message`` for the agent; without an ``exit_code`` it is a traceback that nobody expected."""
    file = os.environ.get("TORCHELASTIC_ERROR_FILE")
    if file:
        content = {"message": message, "expected": exit_code is not None, "exit_code": exit_code}
        Path(file).write_text(json.dumps({**content, "timestamp": int(time.time())}), encoding="utf-8")
    elif exit_code is None:
        print(message, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(worker_main(sys.argv[1]))
