"""The rank of this process among those that torchrun launched, by its environment. It imports no torch."""

import os

# The variable that names the file by which the processes of one machine find each other.
MEETING_FILE = "MASKWRIGHT_MEETING_FILE"


def is_launched() -> bool:
    """Return whether torchrun launched this process as one of several."""
    return "TORCHELASTIC_RUN_ID" in os.environ and int(os.environ.get("WORLD_SIZE", "1")) > 1


def is_rank_zero() -> bool:
    """Return whether this process has rank 0 or works alone; that one writes files and prints."""
    return not is_launched() or os.environ["RANK"] == "0"


def is_main_process(nodes: int = 1) -> bool:
    """Return whether this process is the one of a job on ``nodes`` machines that evaluates, reports and prints."""
    return is_rank_zero() and node_rank(nodes) == 0


def node_rank(nodes: int) -> int:
    """Return the number of this machine among ``nodes``, from 0."""
    return int(os.environ.get("NODE_RANK", "0")) if nodes > 1 else 0
