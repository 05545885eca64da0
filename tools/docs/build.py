"""Build the documentation site: ``python -m tools.docs.build [--out site]``.

The pages of ``docs/`` and those made from the code are laid together in ``build/docs``, and zensical makes the site of
them. Any warning, dead link or page outside the navigation ends the build.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tools.docs.commands import commands_page
from tools.docs.fault_codes import faults_page
from tools.docs.links import link_faults
from tools.docs.navigation import navigation_faults
from tools.docs.python_face import python_page
from tools.docs.recipe_keys import recipe_page

ROOT = Path(__file__).parents[2]
CONFIG = "zensical.toml"

GENERATED: dict[str, Callable[[], str]] = {
    "reference/commands.md": commands_page,
    "reference/fault-codes.md": faults_page,
    "reference/python.md": python_page,
    "reference/recipe-keys.md": recipe_page,
}


def lay_out(stage: Path) -> None:
    """Copy the configuration and the pages to ``stage``, which is made anew, and write the generated pages there."""
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    shutil.copy(ROOT / CONFIG, stage / CONFIG)
    shutil.copytree(ROOT / "docs", stage / "docs")
    for name, page in GENERATED.items():
        path = stage / "docs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(page(), encoding="utf-8")


def build(stage: Path) -> tuple[Path, list[str]]:
    """Build the site of what lies in ``stage``; return its folder and everything that is wrong."""
    site = (stage / "site").resolve()
    faults = navigation_faults(stage / CONFIG, stage / "docs")
    if faults:
        return site, faults  # Else every page would repeat them as a dead link.
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    done = subprocess.run(command, cwd=stage, capture_output=True, text=True, check=False)
    # The command ends with a traceback after its warnings; only these tell something.
    said = (done.stdout + done.stderr).partition("Traceback")[0]
    if done.returncode or "arning" in said:
        return site, [said.strip()]
    return site, link_faults(site)


def main() -> int:
    """Build the site where ``--out`` says; 1 when something is wrong, which is printed."""
    parser = argparse.ArgumentParser(description="Build the documentation site.")
    parser.add_argument("--out", type=Path, default=ROOT / "site", help="folder of the site, replaced")
    out = parser.parse_args().out
    stage = ROOT / "build" / "docs"
    lay_out(stage)
    site, faults = build(stage)
    if faults:
        print("\n".join(faults), file=sys.stderr)
        return 1
    shutil.rmtree(out, ignore_errors=True)
    shutil.move(site, out)
    print(f"site: {out / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
