"""Recipes, settings, taxonomies and groupings: YAML."""

from pathlib import Path

from maskwright.annotations.groups import read_grouping, shipped_groupings
from maskwright.annotations.taxonomy.loading import read_taxonomy
from maskwright.errors import DataError, UsageError
from maskwright.recipes.loading import (
    dump,
    load_recipe,
    load_transfer,
    recipe_of_text,
    shipped_recipes,
    shipped_transfers,
    validate_recipe,
)
from maskwright.recipes.transfer import Transfer
from tests.fuzz.harness import Target
from tests.fuzz.strategies import changed_lines, yaml_bytes

_TOKENS = (
    *(
        b"- ",
        b": ",
        b"&a ",
        b"*a",
        b"<<: *a\n",
        b"!!binary ",
        b"!!python/name:os.system ",
        b"!!set ",
        b"!!omap ",
        b"? ",
    ),
    *(
        b"|\n",
        b">\n",
        b"---\n",
        b"...\n",
        b"%YAML 1.1\n",
        b"{",
        b"}",
        b"[",
        b"]",
        b"2001-99-99",
        b".nan",
        b".inf",
        b"~",
    ),
    *(
        b"1:60",
        b"0x1F",
        b"0o17",
        b"1_000",
        b"on",
        b"no",
        b"\t",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"!!timestamp ",
        b"!!int ",
    ),
)


def _read_recipe(path: Path) -> None:
    """A recipe that is accepted is written and read again as the same."""
    recipe = load_recipe(path)
    assert recipe_of_text(dump(recipe), "again") == recipe


def _read_transfer(path: Path) -> None:
    transfer = load_transfer(path)
    again = path.with_name("again.yaml")
    again.write_text(dump(transfer), encoding="utf-8")
    assert load_transfer(again) == transfer
    assert validate_recipe(transfer.model_dump(mode="json"), "again", Transfer) == transfer


def _read_setting(path: Path) -> None:
    """One ``--set``; what is accepted is written and read again as the same."""
    recipe = load_recipe("demo-semantic", [path.read_bytes().decode("utf-8", "surrogateescape")])
    assert recipe_of_text(dump(recipe), "again") == recipe


def _read_taxonomy(path: Path) -> None:
    taxonomy = read_taxonomy(str(path))
    assert taxonomy.targets


def _read_grouping(path: Path) -> None:
    grouping = read_grouping(str(path))
    assert len(grouping.weights) == len(grouping.groups) > 0
    assert len(set(grouping.classes)) == len(grouping.classes)


_TAXONOMY = "classes:\n  person: [person, rider]\n  car: [car, van]\nignore: [truck]\nabsent: [dog]\n"
_RIDERS = (
    "classes: {person: [person], bicycle: [bicycle], motorcycle: [motorcycle], rider: []}\n"
    "rider: person-over-two-wheeler\n"
)
_GROUPING = "vehicles: {weight: 2.0, classes: [car, van]}\nsky: {classes: [sky]}\nstuff: [sky]\n"
_SETTINGS = (
    "train.epochs=2",
    "classes=a,b",
    "lr=1e-3",
    "model.options.widths=[4, 8]",
    "model.input={size: 64}",
    "epochs",
)
_SETTING_PIECES = (
    *("=", ".", ",", "[", "]", "{", "}", "train", "model.", "data.", "null", "nan", "inf", "-1", "0", "all", "&a"),
    *("*a", "!!x "),
    *("optimizer", "schedule", "loss", "options", "name", "1e999", "9" * 500, "\0", "true", "'", '"', ".."),
    *("seed=", "\ud800"),
)  # fmt: skip


def _recipes() -> list[str]:
    # Those that differ most: a semantic, an instance and an own model's.
    return [shipped_recipes()[name] for name in ("demo-semantic", "demo-instance", "unet-grouped-dice-ce")]


def _encoded(texts: list[str]) -> list[bytes]:
    return [text.encode() for text in texts]


TARGETS = [
    Target(
        name="recipe",
        file="recipe.yaml",
        read=_read_recipe,
        errors=(UsageError,),
        seeds=lambda: _encoded(_recipes()),
        strategy=lambda: yaml_bytes(_recipes())(),
        tokens=_TOKENS,
    ),
    Target(
        name="transfer",
        file="transfer.yaml",
        read=_read_transfer,
        errors=(UsageError,),
        seeds=lambda: _encoded(list(shipped_transfers().values())),
        strategy=lambda: yaml_bytes(list(shipped_transfers().values()))(),
        tokens=_TOKENS,
    ),
    Target(
        name="setting",
        read=_read_setting,
        errors=(UsageError,),
        seeds=lambda: _encoded(list(_SETTINGS)),
        strategy=lambda: changed_lines(_SETTINGS, _SETTING_PIECES),
        tokens=tuple(piece.encode("utf-8", "surrogatepass") for piece in _SETTING_PIECES),
    ),
    Target(
        name="taxonomy",
        file="taxonomy.yaml",
        read=_read_taxonomy,
        errors=(DataError, UsageError),
        seeds=lambda: _encoded([_TAXONOMY, _RIDERS]),
        strategy=yaml_bytes([_TAXONOMY, _RIDERS]),
        tokens=(*_TOKENS, b"rider: ", b"person", b"classes:", b"ignore:"),
    ),
    Target(
        name="grouping",
        file="groups.yaml",
        read=_read_grouping,
        errors=(DataError,),
        seeds=lambda: [_GROUPING.encode()],
        strategy=yaml_bytes([_GROUPING]),
        tokens=(*_TOKENS, b"weight: ", b"classes:", b"stuff:", *(name.encode() for name in shipped_groupings())),
    ),
]
