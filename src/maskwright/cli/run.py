"""``maskwright run``."""

from maskwright.cli.options import Devices, Json, Nodes, Out, Quiet, Recipe, Resume, Set, print_json


def command(
    recipe: Recipe,
    set_: Set = None,
    out: Out = None,
    resume: Resume = False,
    devices: Devices = None,
    nodes: Nodes = 1,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Every stage of a recipe: check, masks, train, evaluate, report. Finished stages are not done again."""
    from maskwright.files import read_json
    from maskwright.workflows.progress import Reporter
    from maskwright.workflows.run import headline, run, speaks

    path = run(
        recipe,
        overrides=set_ or (),
        out=out,
        resume=resume,
        devices=devices,
        nodes=nodes,
        reporter=Reporter(quiet),
    )
    if not speaks(nodes):
        return
    if json:
        print_json({"run": str(path), "scores": read_json(path / "scores.json")})
    else:
        print(headline(path))
