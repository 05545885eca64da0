"""The list of hashes is that of the tested versions: what pip installs by it is what the tests ran with."""

import re
import tomllib

from tools.constraints.hashes import CONSTRAINTS, EXTRAS, HASHES, HEAD, PROJECT, normalised, pinned_versions

REMEDY = "write it anew: python -m tools.constraints.hashes"
TESTED = pinned_versions(CONSTRAINTS.read_text(encoding="utf-8"))
TEXT = HASHES.read_text(encoding="utf-8")
# The lines of each package: the version, where it is wanted, and the hashes.
ENTRIES = {normalised(re.split(r"[=\[]", entry)[0]): entry for entry in re.split(r"\n(?=\w)", TEXT.removeprefix(HEAD))}


def left_out() -> set[str]:
    """The libraries of the extras that `make setup` does not install."""
    extras = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    names = {extra: {normalised(re.split(r"[\[>]", each)[0]) for each in wanted} for extra, wanted in extras.items()}
    return set().union(*names.values()) - set().union(*(names[extra] for extra in EXTRAS))


def test_every_tested_version_has_hashes_and_no_other_version_does() -> None:
    hashed = pinned_versions(TEXT)
    assert {name: version for name, version in hashed.items() if TESTED.get(name, version) != version} == {}, REMEDY
    assert TESTED.keys() - hashed.keys() <= left_out(), REMEDY


def test_what_was_not_tested_is_wanted_on_other_systems_only() -> None:
    others = {name: entry.splitlines()[0] for name, entry in ENTRIES.items() if name not in TESTED}
    assert {name: line for name, line in others.items() if "sys_platform" not in line} == {}


def test_every_version_has_whole_hashes() -> None:
    assert ENTRIES.keys() == pinned_versions(TEXT).keys()
    for name, entry in ENTRIES.items():
        first, *hashes = entry.strip().splitlines()
        assert hashes, name
        assert re.fullmatch(r"[\w.-]+(\[\w+\])?==[\w.]+( ; .+)? \\", first), first
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in hashes), name


def test_names_are_those_that_registries_compare() -> None:
    text = "Jinja2==3.1.6\npydantic_core==2.50.4 \\\n    --hash=sha256:aa\npyright[nodejs]==1.1.414 ; sys_platform\n"
    assert pinned_versions(text) == {"jinja2": "3.1.6", "pydantic-core": "2.50.4", "pyright": "1.1.414"}
