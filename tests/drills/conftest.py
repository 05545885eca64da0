"""What starts the processes of the drills."""

from collections.abc import Iterator

import pytest

from tests.drills.warm import Warm, warm


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """Starts commands as processes of their own, at once."""
    with warm(tmp_path_factory.mktemp("said")) as started:
        yield started
