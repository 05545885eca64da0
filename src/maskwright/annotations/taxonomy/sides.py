"""The side of a taxonomy that classes are of, and the taxonomy that applies to that side.

A model or a file has the classes of the source, which are remapped, or those of the target. The latter change only by
the rule for riders and by what is shared.
"""

from dataclasses import replace
from typing import Literal

from maskwright.annotations.taxonomy.class_remapping import PERSON, RIDER, Taxonomy
from maskwright.annotations.taxonomy.riders import TWO_WHEELERS
from maskwright.errors import UsageError, nearest
from maskwright.structures import ClassTable

Side = Literal["source", "target"]


def side_of(taxonomy: Taxonomy, table: ClassTable, preferred: Side = "source") -> Side:
    """Return the side that has all classes of ``table``; where both have them, the ``preferred`` one.

    Raises ``UsageError`` with the nearest names when neither side has all of them.
    """
    known = {"source": set(taxonomy.sources), "target": set(taxonomy.targets)}
    sides: tuple[Side, Side] = ("source", "target") if preferred == "source" else ("target", "source")
    for side in sides:
        if known[side].issuperset(table.names):
            return side
    # The message is about the side that has more of them, which is the one meant.
    likely = max(sides, key=lambda side: len(known[side] & set(table.names)))
    foreign = [name for name in table.names if name not in known[likely]]
    close = nearest(foreign[0], known[likely])
    hint = f" Nearest to '{foreign[0]}': {', '.join(close)}." if close else ""
    raise UsageError(
        f"The taxonomy {taxonomy.name} does not account for the {likely} class(es) {', '.join(foreign)}; expected "
        f"every class in one of its lists.{hint} Rename them, remove them, or add them in a file of your own."
    )


def taxonomy_for_side(taxonomy: Taxonomy, side: Side) -> Taxonomy:
    """Return the taxonomy that applies to classes of ``side``.

    For the source this is ``taxonomy`` itself. For the target it is a taxonomy whose source are the target's classes.
    Shared classes map to themselves and the others are absent, except that riders become persons with the rule
    ``person``. Its ``target_table`` is that of ``taxonomy``.
    """
    if side == "source":
        return taxonomy
    target_of = {name: name for name in taxonomy.shared}
    if taxonomy.rider == "person" and RIDER in taxonomy.targets and PERSON in target_of:
        target_of[RIDER] = PERSON
    absent = tuple(name for name in taxonomy.targets if name not in target_of)
    # The target separates riders from persons itself, so the rule makes none.
    rider = None if taxonomy.rider == "person-over-two-wheeler" else taxonomy.rider
    return replace(taxonomy, target_of=target_of, ignored=(), absent=absent, rider=rider)


def restrict_taxonomy(taxonomy: Taxonomy, table: ClassTable, side: Side) -> Taxonomy:
    """Return ``taxonomy`` with only the shared classes that a class of ``table``, of that ``side``, maps to.

    Source classes of the others become absent.

    Raises ``UsageError`` when no class is left. Raises it too when the rule is ``person-over-two-wheeler`` and
    ``table`` lacks one of the classes that the rule needs.
    """
    own = taxonomy_for_side(taxonomy, side)
    by_rule = taxonomy.rider == "person-over-two-wheeler"
    kept = {own.target_of[name] for name in table.names if name in own.target_of}
    if by_rule:
        kept |= {RIDER} if side == "source" else set()
        missing = [name for name in (PERSON, RIDER, *TWO_WHEELERS) if name not in kept]
        if missing:
            raise UsageError(
                f"{taxonomy.name}: rider: {taxonomy.rider} needs a class for each of {PERSON}, {RIDER}, "
                f"{', '.join(TWO_WHEELERS)}; found none for {', '.join(missing)}. Use another rule for riders."
            )
    if not kept:
        raise UsageError(
            f"None of the classes {', '.join(table.names[:5])} becomes a class of {taxonomy.name}'s target; expected "
            f"some that become {', '.join(taxonomy.shared[:5])}. Choose another taxonomy."
        )
    target_of = {name: target for name, target in taxonomy.target_of.items() if target in kept}
    dropped = tuple(name for name in taxonomy.target_of if name not in target_of)
    return replace(taxonomy, target_of=target_of, absent=(*taxonomy.absent, *dropped))
