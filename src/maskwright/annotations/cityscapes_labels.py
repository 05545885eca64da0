"""The labels of Cityscapes: the ids of ``labelIds`` files, with the labels that have instances or are ignored.

Source: M. Cordts et al., "The Cityscapes Dataset for Semantic Urban Scene Understanding", CVPR 2016, and the label
table published with it. In ``instanceIds`` files the value of an object is ``1000 * id + number``. A group of objects
that are not separated, and every label without instances, has the plain ``id``.
"""

from typing import NamedTuple


class CityscapesLabel(NamedTuple):
    """One Cityscapes label.

    Ground truth of an ``ignored`` label counts neither for nor against a prediction.
    """

    name: str
    id: int
    category: str
    has_instances: bool = False
    ignored: bool = False


LABELS: tuple[CityscapesLabel, ...] = (
    CityscapesLabel("unlabeled", 0, "void", ignored=True),
    CityscapesLabel("ego vehicle", 1, "void", ignored=True),
    CityscapesLabel("rectification border", 2, "void", ignored=True),
    CityscapesLabel("out of roi", 3, "void", ignored=True),
    CityscapesLabel("static", 4, "void", ignored=True),
    CityscapesLabel("dynamic", 5, "void", ignored=True),
    CityscapesLabel("ground", 6, "void", ignored=True),
    CityscapesLabel("road", 7, "flat"),
    CityscapesLabel("sidewalk", 8, "flat"),
    CityscapesLabel("parking", 9, "flat", ignored=True),
    CityscapesLabel("rail track", 10, "flat", ignored=True),
    CityscapesLabel("building", 11, "construction"),
    CityscapesLabel("wall", 12, "construction"),
    CityscapesLabel("fence", 13, "construction"),
    CityscapesLabel("guard rail", 14, "construction", ignored=True),
    CityscapesLabel("bridge", 15, "construction", ignored=True),
    CityscapesLabel("tunnel", 16, "construction", ignored=True),
    CityscapesLabel("pole", 17, "object"),
    CityscapesLabel("polegroup", 18, "object", ignored=True),
    CityscapesLabel("traffic light", 19, "object"),
    CityscapesLabel("traffic sign", 20, "object"),
    CityscapesLabel("vegetation", 21, "nature"),
    CityscapesLabel("terrain", 22, "nature"),
    CityscapesLabel("sky", 23, "sky"),
    CityscapesLabel("person", 24, "human", has_instances=True),
    CityscapesLabel("rider", 25, "human", has_instances=True),
    CityscapesLabel("car", 26, "vehicle", has_instances=True),
    CityscapesLabel("truck", 27, "vehicle", has_instances=True),
    CityscapesLabel("bus", 28, "vehicle", has_instances=True),
    CityscapesLabel("caravan", 29, "vehicle", has_instances=True, ignored=True),
    CityscapesLabel("trailer", 30, "vehicle", has_instances=True, ignored=True),
    CityscapesLabel("train", 31, "vehicle", has_instances=True),
    CityscapesLabel("motorcycle", 32, "vehicle", has_instances=True),
    CityscapesLabel("bicycle", 33, "vehicle", has_instances=True),
)

# The eight classes whose instances are scored, in the order of their ids.
INSTANCE_LABELS: tuple[CityscapesLabel, ...] = tuple(
    label for label in LABELS if label.has_instances and not label.ignored
)

# Values below this are the id of a label, not of an object.
FIRST_INSTANCE = 1000


def label_id_of(instance_id: int) -> int:
    """Return the label id of a value of an ``instanceIds`` file."""
    return instance_id if instance_id < FIRST_INSTANCE else instance_id // FIRST_INSTANCE
