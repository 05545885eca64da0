"""``maskwright train``."""

from maskwright.cli.options import Out, Quiet, Recipe, Resume, Set


def command(recipe: Recipe, set_: Set = None, out: Out = None, resume: Resume = False, quiet: Quiet = False) -> None:
    """Check the data, draw the masks and train; no evaluation, no report."""
    from maskwright.workflows.progress import Reporter
    from maskwright.workflows.run import train

    path = train(recipe, overrides=set_ or (), out=out, resume=resume, reporter=Reporter(quiet))
    print(f"model: {path / 'checkpoints' / 'best' / 'model.safetensors'}")
