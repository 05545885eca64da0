"""Published weights of the models that a fitted recipe may start from, and which of them are on this machine."""

from pathlib import Path

from torch.hub import get_dir

from maskwright.errors import UsageError
from maskwright.files import home_folder
from maskwright.models.catalogue import find_model
from maskwright.models.entry import PublishedWeights
from maskwright.models.weights.hub import hub_cache, hub_copy
from maskwright.recipes.fitting.models import PublishedOffer

# Of a model's published weights, those of the whole model come before those of its backbone.
_BEST_FIRST = ("coco", "imagenet")


def published_offers(models: list[str]) -> dict[str, PublishedOffer]:
    """Return the best published weights by model, or those on this machine where the best are not; nothing is fetched.

    Raises ``UsageError`` when the catalogue has no such model.
    """
    offers = {}
    for model in models:
        published = find_model(model).published
        names = [name for name in _BEST_FIRST if name in published]
        here = [name for name in names if copy_at_hand(published[name])]
        for name in [*here, *names][:1]:
            kept = f"{get_dir()}/checkpoints" if published[name].hub is None else hub_cache()
            folder = str(kept).replace(str(home_folder()), "~", 1)
            offers[model] = PublishedOffer(model, name, published[name].address, folder, bool(here))
    return offers


def copy_at_hand(published: PublishedWeights) -> bool:
    """Return whether the cache of downloads has the file of ``published`` whole, by its hash: torch's, or the hub's."""
    if published.hub is not None:
        return hub_copy(published.hub) is not None
    path = Path(get_dir()) / "checkpoints" / published.address.rpartition("/")[2]
    if not path.is_file() or published.hash is None:
        return False
    return published.hash.of(path) == published.hash.start


def require_weights(model: str, weights: str) -> None:
    """Raise ``UsageError`` when ``weights`` is neither ``none``, nor a name that ``model`` has, nor a file."""
    published = find_model(model).published
    if weights == "none" or weights in published or Path(weights).is_file():
        return
    known = ", ".join(["none", *published])
    raise UsageError(f"--weights {weights}: no such file or name; expected the path of a file, or one of {known}.")
