"""Class shares of a split as plain text: a table of the classes in each part, and the deviations in words."""

import numpy as np

from maskwright.annotations.selection.shares import ClassShares
from maskwright.control_characters import escape_controls

_WITHOUT_OBJECTS = "(without objects)"


def shares_table(shares: ClassShares) -> list[str]:
    """Return a table: images and instances of each class, and for each part its images and both shares in %.

    The class with most images comes first; control characters in names are escaped. Classes without any object have no
    row; :func:`shares_summary` names them.
    """
    rows = [k for k in np.argsort(-shares.images[:-1].sum(axis=1), kind="stable") if shares.images[k].any()]
    if shares.images[-1].any():
        rows.append(len(shares.names))
    labels = [*map(escape_controls, shares.names), _WITHOUT_OBJECTS]
    width = max(len("all images"), *(len(labels[k]) for k in rows))
    columns = f"  {'images':>7} {'%':>6} {'inst. %':>7}"
    parts = "".join(f"{part:^{len(columns)}}" for part in shares.parts)
    return [
        f"{'':<{width + 18}}{parts}".rstrip(),
        f"{'class':<{width}} {'images':>7} {'instances':>9}{columns * len(shares.parts)}",
        *(f"{labels[k]:<{width}}{_row(shares, k)}" for k in rows),
        f"{'all images':<{width}}{_total(shares)}",
    ]


def shares_summary(shares: ClassShares) -> list[str]:
    """Return lines on how well the parts keep the class shares.

    They state the mean and the largest deviation of images and of instances in percentage points, then the classes that
    are absent from a part, then those without any object.
    """
    lines = []
    for of in ("images", "instances"):
        deviations = shares.deviations(of)
        if deviations:
            worst = max(deviations, key=lambda deviation: deviation.points)
            mean = sum(deviation.points for deviation in deviations) / len(deviations)
            lines.append(
                f"{of}: {mean:.1f} points off on average, {worst.points:.1f} at worst ({worst.name}: {worst.share:.1%} "
                f"in {worst.part}, asked {worst.asked:.1%}); classes of {shares.least_images} images or more"
            )
    lines += [f"{part} has no {_listed(names)}" for part, names in shares.absent().items() if names]
    unused = [name for k, name in enumerate(shares.names) if not shares.images[k].any()]
    if unused:
        lines.append(f"no image has an object of {_listed(unused)}")
    return lines


def _row(shares: ClassShares, k: int) -> str:
    images, instances = shares.images[k].sum(), shares.instances[k].sum()
    cells = (
        f"  {shares.images[k, p]:>7} {_percent(shares.images[k, p], images):>6} "
        f"{_percent(shares.instances[k, p], instances):>7}"
        for p in range(len(shares.parts))
    )
    return f" {images:>7} {instances:>9}" + "".join(cells)


def _total(shares: ClassShares) -> str:
    total, instances = sum(shares.sizes), shares.instances.sum(axis=0)
    cells = (
        f"  {size:>7} {_percent(size, total):>6} {_percent(instances[p], instances.sum()):>7}"
        for p, size in enumerate(shares.sizes)
    )
    return f" {total:>7} {instances.sum():>9}" + "".join(cells)


def _percent(count: float, total: float) -> str:
    return f"{100 * count / total:.1f}" if total else "–"


def _listed(names: list[str], most: int = 10) -> str:
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])}, … ({len(names)} classes)"
