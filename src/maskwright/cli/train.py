"""``maskwright train``."""

from maskwright.cli.options import Devices, Nodes, Out, Quiet, Recipe, Resume, Set


def command(
    recipe: Recipe,
    set_: Set = None,
    out: Out = None,
    resume: Resume = False,
    devices: Devices = None,
    nodes: Nodes = 1,
    quiet: Quiet = False,
) -> None:
    """Check the data, draw the masks and train; no evaluation, no report."""
    from maskwright.progress import Reporter
    from maskwright.workflows.run import speaks, train

    path = train(
        recipe,
        overrides=set_ or (),
        out=out,
        resume=resume,
        devices=devices,
        nodes=nodes,
        reporter=Reporter(quiet),
    )
    if speaks(nodes):
        print(f"model: {path / 'checkpoints' / 'best' / 'model.safetensors'}")
