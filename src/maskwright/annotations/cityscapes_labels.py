"""The labels of Cityscapes: ids in ``labelIds`` files, which of them have instances, which are ignored in evaluation.

Source: M. Cordts et al., "The Cityscapes Dataset for Semantic Urban Scene Understanding", CVPR 2016, and the label
table published with it. In ``instanceIds`` files an object is ``1000 * id + number``; a region of objects that are not
told apart, and everything without instances, is the plain ``id``.
"""

from typing import NamedTuple


class Label(NamedTuple):
    """One label; ``ignored`` ground truth counts neither for nor against a prediction."""

    name: str
    id: int
    category: str
    has_instances: bool = False
    ignored: bool = False


LABELS: tuple[Label, ...] = (
    Label("unlabeled", 0, "void", ignored=True),
    Label("ego vehicle", 1, "void", ignored=True),
    Label("rectification border", 2, "void", ignored=True),
    Label("out of roi", 3, "void", ignored=True),
    Label("static", 4, "void", ignored=True),
    Label("dynamic", 5, "void", ignored=True),
    Label("ground", 6, "void", ignored=True),
    Label("road", 7, "flat"),
    Label("sidewalk", 8, "flat"),
    Label("parking", 9, "flat", ignored=True),
    Label("rail track", 10, "flat", ignored=True),
    Label("building", 11, "construction"),
    Label("wall", 12, "construction"),
    Label("fence", 13, "construction"),
    Label("guard rail", 14, "construction", ignored=True),
    Label("bridge", 15, "construction", ignored=True),
    Label("tunnel", 16, "construction", ignored=True),
    Label("pole", 17, "object"),
    Label("polegroup", 18, "object", ignored=True),
    Label("traffic light", 19, "object"),
    Label("traffic sign", 20, "object"),
    Label("vegetation", 21, "nature"),
    Label("terrain", 22, "nature"),
    Label("sky", 23, "sky"),
    Label("person", 24, "human", has_instances=True),
    Label("rider", 25, "human", has_instances=True),
    Label("car", 26, "vehicle", has_instances=True),
    Label("truck", 27, "vehicle", has_instances=True),
    Label("bus", 28, "vehicle", has_instances=True),
    Label("caravan", 29, "vehicle", has_instances=True, ignored=True),
    Label("trailer", 30, "vehicle", has_instances=True, ignored=True),
    Label("train", 31, "vehicle", has_instances=True),
    Label("motorcycle", 32, "vehicle", has_instances=True),
    Label("bicycle", 33, "vehicle", has_instances=True),
)

# The eight classes whose instances are scored, in the order of their ids.
INSTANCE_LABELS: tuple[Label, ...] = tuple(label for label in LABELS if label.has_instances and not label.ignored)

# Instance ids below are not objects but a label's id.
FIRST_INSTANCE = 1000


def label_of(instance_id: int) -> int:
    """The label id of a value of an ``instanceIds`` file."""
    return instance_id if instance_id < FIRST_INSTANCE else instance_id // FIRST_INSTANCE
