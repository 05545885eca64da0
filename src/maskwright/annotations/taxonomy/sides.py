"""Which side of a taxonomy classes are of, and the taxonomy as that side needs it.

A model or a file has the classes of the source, which are translated, or those of the target, which only need what the
rule for riders changes and what is shared.
"""

from dataclasses import replace
from typing import Literal

from maskwright.annotations.taxonomy.class_remapping import PERSON, RIDER, Taxonomy
from maskwright.annotations.taxonomy.riders import TWO_WHEELERS
from maskwright.errors import UsageError, nearest
from maskwright.structures import ClassTable

Side = Literal["source", "target"]


def side_of(taxonomy: Taxonomy, table: ClassTable, preferred: Side = "source") -> Side:
    """The side whose classes all classes of ``table`` are; where they are of both, the ``preferred`` one.

    Raises ``UsageError`` with the nearest names when neither side accounts for all of them.
    """
    known = {"source": set(taxonomy.sources), "target": set(taxonomy.targets)}
    sides: tuple[Side, Side] = ("source", "target") if preferred == "source" else ("target", "source")
    for side in sides:
        if known[side].issuperset(table.names):
            return side
    # Said of the side that knows more of them: the other was not meant.
    likely = max(sides, key=lambda side: len(known[side] & set(table.names)))
    foreign = [name for name in table.names if name not in known[likely]]
    close = nearest(foreign[0], known[likely])
    hint = f" Nearest to '{foreign[0]}': {', '.join(close)}." if close else ""
    raise UsageError(
        f"The taxonomy {taxonomy.name} does not account for the {likely} class(es) {', '.join(foreign)}; expected "
        f"every class in one of its lists.{hint} Rename them, leave them out, or add them in a file of your own."
    )


def taxonomy_for_side(taxonomy: Taxonomy, side: Side) -> Taxonomy:
    """``taxonomy`` as it translates classes of ``side``: itself, or what keeps the target's classes as they are.

    The latter has the target's classes as its source. They become themselves where they are shared, and background
    where not; riders become persons where the rule is ``person``. Its table is that of ``taxonomy``.
    """
    if side == "source":
        return taxonomy
    target_of = {name: name for name in taxonomy.shared}
    if taxonomy.rider == "person" and RIDER in taxonomy.targets and PERSON in target_of:
        target_of[RIDER] = PERSON
    absent = tuple(name for name in taxonomy.targets if name not in target_of)
    # The target tells riders from persons itself: none are to be made.
    rider = None if taxonomy.rider == "person-over-two-wheeler" else taxonomy.rider
    return replace(taxonomy, target_of=target_of, ignored=(), absent=absent, rider=rider)


def restrict_taxonomy(taxonomy: Taxonomy, table: ClassTable, side: Side) -> Taxonomy:
    """``taxonomy`` with only those shared classes that a class of ``table``, of that ``side``, can become.

    Source classes of the others are absent. Raises ``UsageError`` when none is left, or when persons over two-wheelers
    are to be riders and ``table`` lacks one of the classes that this takes.
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
