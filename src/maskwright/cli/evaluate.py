"""``maskwright evaluate``."""

from maskwright.cli.options import Json, Quiet, RunPath, print_json


def command(run: RunPath, quiet: Quiet = False, json: Json = False) -> None:
    """Score the best checkpoint of a run anew and write its page."""
    from maskwright.workflows.progress import Reporter
    from maskwright.workflows.run import evaluate, headline

    scores = evaluate(run, Reporter(quiet))
    if json:
        print_json(scores)
    else:
        print(headline(run))
