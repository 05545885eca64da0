"""The licences of what is installed: which expressions are accepted, and that the page lists every package."""

import sys
from collections.abc import Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest

from tools import licences
from tools.constraints.hashes import normalised

# What `make setup` installs beside the core.
SET_UP = ("core", "train", "transformers", "export", "openvino", "serve", "ray")


@pytest.mark.parametrize(
    ("expression", "refused"),
    [
        ("MIT", []),
        ("Apache-2.0 AND Apache-2.0 WITH LLVM-exception AND BSL-1.0", []),
        ("(MIT OR GPL-3.0-only) AND Zlib", []),
        ("GPL-3.0-only OR (MIT AND ISC)", []),
        ("MIT AND GPL-3.0-only", ["GPL-3.0-only"]),
        ("AGPL-3.0-only OR (MIT AND GPL-2.0-only)", ["AGPL-3.0-only", "GPL-2.0-only"]),
        ("Apache-2.0 WITH some-exception", ["Apache-2.0 WITH some-exception"]),
        ("", [""]),
    ],
)
def test_of_alternatives_one_must_be_accepted_and_of_parts_all(expression: str, refused: list[str]) -> None:
    assert licences.refused_names(expression) == refused


def installed_in(folder: Path, **packages: Sequence[str]) -> dict[str, Distribution]:
    """Packages of the lines of their metadata, as if installed in ``folder``."""
    for name, lines in packages.items():
        about = folder / f"{name}-1.0.dist-info"
        about.mkdir()
        head = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0"]
        (about / "METADATA").write_text("\n".join([*head, *lines]) + "\n")
    return {normalised(each.metadata["Name"]): each for each in distributions(path=[str(folder)])}


def test_what_packages_need_is_followed_by_extra_and_system(tmp_path: Path) -> None:
    installed = installed_in(
        tmp_path,
        one=["License: MIT", "Requires-Dist: two[big]>=1", "Requires-Dist: windows; sys_platform == 'win32'"],
        two=["Classifier: License :: OSI Approved :: BSD License", "Requires-Dist: three; extra == 'big'"],
        three=["License: Apache Software License", "Requires-Dist: four; extra == 'other'", "Requires-Dist: one"],
    )
    found = licences.packages(installed, {"core": ["one"], "more": ["three"]})
    assert [(each.name, each.licence, each.extras) for each in found] == [
        ("one", "MIT", ("core", "more")),
        ("three", "Apache-2.0", ("core", "more")),
        ("two", "BSD-3-Clause", ("core", "more")),
    ]


def test_a_package_that_is_missing_or_under_the_gpl_is_named(tmp_path: Path) -> None:
    gpl = "Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)"
    installed = installed_in(tmp_path, one=["License: MIT", "Requires-Dist: two", "Requires-Dist: absent"], two=[gpl])
    with pytest.raises(SystemExit) as caught:
        licences.packages(installed, {"core": ["one"]})
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("absent: is not installed.")
    assert lines[1].startswith("two 1.0: states the licence 'GNU General Public License v3 (GPLv3)'; expected")


def test_the_page_lists_every_package_that_is_set_up() -> None:
    project = {extra: texts for extra, texts in licences.wanted_by_extra().items() if extra in SET_UP}
    installed = {normalised(each.metadata["Name"]): each for each in distributions(path=sys.path)}
    found = licences.packages(installed, project)
    page = licences.PAGE.read_text(encoding="utf-8")
    listed = {line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")}
    assert not {each.name for each in found} - listed, "python -m tools.licences writes the page anew"
