"""The library transformers: imported when one of its models is built, quiet, and never asked to fetch anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from maskwright.errors import UsageError

_NEEDED = ("transformers", "scipy")


@contextmanager
def quiet_library(model: str) -> Iterator[Any]:
    """Give the library transformers, which says nothing below an error inside the context.

    ``model`` is the name of the model that needs it. Raises ``UsageError`` when the extra is not installed.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"{model}: needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed; "
            "expected the extra transformers. Install it: pip install 'maskwright[transformers]'"
        )
    # Imported here: it takes seconds, and only its own models need it.
    import transformers
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield transformers
    finally:
        logging.set_verbosity(before)
