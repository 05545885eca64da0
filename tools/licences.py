"""Write ``docs/licences.md``: each package that Maskwright needs, by extra, with its licence as the package states it.

``python -m tools.licences`` reads the packages that are installed, with all extras, and ends with an error where one is
missing, states no licence, or states one that is not accepted here. ``nox -s licences`` installs them first.
"""

import argparse
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions

from packaging.requirements import Requirement

from tools.architecture.import_graph import ROOT
from tools.constraints.hashes import normalised

PAGE = ROOT / "docs" / "licences.md"
# Of the other extras, `dev` and `docs`, nothing is installed with the product.
CORE, NOT_FOR_USERS = "core", ("dev", "docs")

# Licences under which a package may be used in any product, and changed files of MPL-2.0 are all that must be shown.
ACCEPTED = frozenset(
    {
        "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "CNRI-Python", "HPND", "ISC", "MIT",
        "MIT-CMU", "MPL-2.0", "PSF-2.0", "Unlicense", "Zlib",
    }
)  # fmt: skip
EXCEPTIONS = ("LLVM-exception",)  # which allow more
# Not open, and needed for nothing but a GPU of NVIDIA: torch asks for them on Linux.
PROPRIETARY = "LicenseRef-NVIDIA-Proprietary"

# What packages write instead of the names of SPDX, in small letters.
_SPDX = {
    "3-clause bsd license": "BSD-3-Clause", "apache 2.0": "Apache-2.0", "apache 2.0 license": "Apache-2.0",
    "apache software license": "Apache-2.0", "bsd": "BSD-3-Clause", "bsd 2-clause license": "BSD-2-Clause",
    "bsd 3-clause license": "BSD-3-Clause", "bsd license": "BSD-3-Clause", "freebsd": "BSD-2-Clause",
    "isc license": "ISC", "isc license (iscl)": "ISC", "mit license": "MIT", "mit licence": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0", "nvidia proprietary software": PROPRIETARY,
    "python software foundation license": "PSF-2.0",
}  # fmt: skip
# Packages whose metadata state none: this one holds nothing but the requirements of NVIDIA's CUDA Toolkit.
_ELSEWHERE = {"cuda-toolkit": PROPRIETARY}


_AFTER_THE_TABLE = (
    "None is under the GPL or the AGPL. Those of NVIDIA are not open; PyTorch asks for them on Linux unless it is",
    "installed [for a CPU alone](how-to/install.md). OpenCV's wheel bundles FFmpeg under the LGPL 2.1, in files of its",
    "own. Weights have [licences of their own](how-to/weights.md#licences).",
    "",
    "The table is written by `nox -s licences`, which fails for any other licence. `nox -s sbom` writes a bill of",
    "materials in CycloneDX's format, and `nox -s audit` asks PyPI's advisories about the tested versions.",
)


@dataclass(frozen=True)
class Package:
    """An installed package: its name, version, licence, and the extras that ask for it."""

    name: str
    version: str
    licence: str
    extras: tuple[str, ...]


def needed(installed: Mapping[str, Distribution], wanted: Iterable[Requirement]) -> tuple[set[str], set[str]]:
    """Return the names of all packages that ``wanted`` and what they need ask for, and of those not ``installed``."""
    found: set[str] = set()
    missing: set[str] = set()
    seen: set[tuple[str, str]] = set()
    todo = [(requirement, "") for requirement in wanted]
    while todo:
        requirement, extra = todo.pop()
        name = normalised(requirement.name)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        if name not in installed:
            missing.add(name)
            continue
        found.add(name)
        for each in {"", *requirement.extras}:
            if (name, each) not in seen:
                seen.add((name, each))
                todo += [(Requirement(text), each) for text in installed[name].requires or ()]
    return found, missing


def stated_licence(package: Distribution) -> str:
    """Return the licence that the metadata of ``package`` state, as an expression of SPDX where it is known; or ''."""
    about = package.metadata.json
    if expression := about.get("license_expression"):
        return str(expression)
    classifiers = [text.rsplit(" :: ", 1)[-1] for text in about.get("classifier", ()) if "License ::" in text]
    lines = [*classifiers, *str(about.get("license", "")).strip().splitlines()[:1]]
    for line in lines:
        text = line.removeprefix("OSI Approved :: ").strip()
        name = _SPDX.get(text.lower(), text)
        if not refused_names(name):
            return name
    return _ELSEWHERE.get(normalised(package.name), lines[0] if lines else "")


def refused_names(expression: str) -> list[str]:
    """Return the names in an ``expression`` of SPDX that are not accepted; of alternatives one must be.

    Example:
        >>> refused_names("Apache-2.0 AND (MIT OR GPL-3.0-only)"), refused_names("MIT AND AGPL-3.0-only")
        ([], ['AGPL-3.0-only'])
    """
    refused: list[str] = []
    # Parentheses enclose alternatives in what packages state, and AND joins them.
    for part in re.split(r"\s+AND\s+", re.sub(r"\(([^()]*)\)", lambda m: m[1].replace(" AND ", " & "), expression)):
        choices = [_refused_choice(choice) for choice in re.split(r"\s+OR\s+", part)]
        refused += [] if not all(choices) else [name for names in choices for name in names]
    return refused


def _refused_choice(choice: str) -> list[str]:
    names = [re.sub(rf" WITH (?:{'|'.join(EXCEPTIONS)})$", "", name.strip()) for name in choice.split("&")]
    return [name for name in names if name not in ACCEPTED and name != PROPRIETARY]


def packages(installed: Mapping[str, Distribution], project: Mapping[str, Sequence[str]]) -> list[Package]:
    """Return what each extra of ``project`` needs, by name; ``core`` is what is always installed.

    Raises ``SystemExit`` with the packages that are missing, state no licence, or one that is not accepted.
    """
    extras: dict[str, list[str]] = {}
    absent: set[str] = set()
    for extra, requirements in project.items():
        names, missing = needed(installed, map(Requirement, requirements))
        absent |= missing
        for name in names:
            extras.setdefault(name, []).append(extra)
    found = [
        Package(name, installed[name].version, stated_licence(installed[name]), tuple(asked))
        for name, asked in sorted(extras.items())
    ]
    faults = [f"{name}: is not installed. Install Maskwright with all its extras." for name in sorted(absent)]
    known = ", ".join(sorted(ACCEPTED))
    faults += [
        f"{each.name} {each.version}: states the licence '{each.licence}'; expected one of {known}."
        for each in found
        if refused_names(each.licence)
    ]
    if faults:
        raise SystemExit("\n".join(faults))
    return found


def wanted_by_extra() -> dict[str, list[str]]:
    """Return the requirements in ``pyproject.toml`` by extra, without those of developers alone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    return {CORE: project["dependencies"], **{k: v for k, v in optional.items() if k not in NOT_FOR_USERS}}


def page(found: Sequence[Package]) -> str:
    """Return the page in Markdown."""
    lines = [
        "# Licences of what is installed",
        "",
        "Maskwright is under Apache-2.0. Each package that it or one of its extras installs, on Linux with Python "
        f"{sys.version_info.major}.{sys.version_info.minor}, with the licence that the package states:",
        "",
        "| package | version | licence | asked for by |",
        "|---|---|---|---|",
        *(f"| {p.name} | {p.version} | {p.licence} | {', '.join(p.extras)} |" for p in found),
        "",
        *_AFTER_THE_TABLE,
        "",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page, or with ``--check`` only look whether all licences are accepted."""
    parser = argparse.ArgumentParser(description="List the licences of all that Maskwright installs.")
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--path", action="append", default=[], help="a folder with more installed packages")
    options = parser.parse_args(arguments)
    installed = {normalised(each.metadata["Name"]): each for each in distributions(path=[*options.path, *sys.path])}
    found = packages(installed, wanted_by_extra())
    if not options.check:
        PAGE.write_text(page(found), encoding="utf-8")
    print(f"{len(found)} packages, all under accepted licences")


if __name__ == "__main__":
    main()
