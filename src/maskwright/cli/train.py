"""``maskwright train``: do the stages of a recipe up to the training."""

from maskwright.cli.options import Devices, Nodes, Out, Quiet, Recipe, Resume, Set
from maskwright.parallel.garbage_collection import collector_paused


def command(
    recipe: Recipe,
    set_: Set = None,
    out: Out = None,
    resume: Resume = False,
    devices: Devices = None,
    nodes: Nodes = 1,
    quiet: Quiet = False,
) -> None:
    """Check the data, draw the masks and train. No evaluation, no report."""
    with collector_paused():
        from maskwright.progress import Reporter
        from maskwright.runs.processes import is_main_process
        from maskwright.workflows.train import train

    run = train(
        recipe,
        overrides=set_ or (),
        out=out,
        resume=resume,
        devices=devices,
        nodes=nodes,
        reporter=Reporter(quiet),
    )
    if is_main_process(nodes):
        print(f"model: {run.checkpoints / 'best' / 'model.safetensors'}")
