"""The known published checkpoints of Detectron2, with their publishers' scores.

Sources: Detectron2's MODEL_ZOO.md and the README of its PointRend project. A score that is not given there is None. The
six digits before ``.pkl`` in a file's name are the first of its MD5.
"""

from dataclasses import dataclass

from maskwright.models.weights.published_classes import cityscapes_classes, coco_classes

_ROOT = "https://dl.fbaipublicfiles.com/detectron2/"
# The licence that MODEL_ZOO.md states for the models listed there; the PointRend project's page states none.
_LICENCE = "CC BY-SA 3.0"


def model_name(kind: str, backbone: str) -> str:
    """Return the name in the catalogue of a ``kind`` of mask head on a ``backbone``."""
    return f"detectron2_{kind}_{backbone}_fpn"


@dataclass(frozen=True)
class ZooModel:
    """A published checkpoint.

    ``name`` is the publisher's name, ``model`` that in the catalogue, ``tag`` its name among the weights of that model.
    ``box_ap`` and ``mask_ap`` are the publisher's in percent: on COCO val2017, or on Cityscapes val for models trained
    there.
    """

    name: str
    model: str
    tag: str
    trained_on: str
    schedule: str
    box_ap: float | None
    mask_ap: float | None
    licence: str | None
    address: str

    @property
    def file(self) -> str:
        """A unique name for the file; many addresses end in the same one."""
        return f"{self.name}-{self.address.rpartition('_')[2]}"

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of its heads in order."""
        return tuple(coco_classes()) if self.trained_on == "COCO" else tuple(cityscapes_classes())

    @property
    def md5_start(self) -> str:
        """The first digits of the file's MD5, from its address."""
        return self.address.rpartition("_")[2].removesuffix(".pkl")


def _coco(name: str, backbone: str, schedule: str, box: float, mask: float, place: str) -> ZooModel:
    """Return the record of a Mask R-CNN trained on COCO."""
    address = f"{_ROOT}COCO-InstanceSegmentation/{name}/{place}.pkl"
    model = model_name("mask_rcnn", backbone)
    return ZooModel(name, model, f"coco-{schedule}", "COCO", schedule, box, mask, _LICENCE, address)


def _point_rend(name: str, backbone: str, data: str, schedule: str, mask: float, place: str) -> ZooModel:
    """Return the record of a PointRend model trained on ``data``."""
    address = f"{_ROOT}PointRend/InstanceSegmentation/{name}/{place}.pkl"
    tag = f"coco-{schedule}" if data == "COCO" else "cityscapes"
    return ZooModel(name, model_name("point_rend", backbone), tag, data, schedule, None, mask, None, address)


_MODELS = (
    _coco("mask_rcnn_R_50_FPN_1x", "resnet50", "1x", 38.6, 35.2, "137260431/model_final_a54504"),
    _coco("mask_rcnn_R_50_FPN_3x", "resnet50", "3x", 41.0, 37.2, "137849600/model_final_f10217"),
    _coco("mask_rcnn_R_101_FPN_3x", "resnet101", "3x", 42.9, 38.6, "138205316/model_final_a3ec72"),
    _coco("mask_rcnn_X_101_32x8d_FPN_3x", "resnext101_32x8d", "3x", 44.3, 39.5, "139653917/model_final_2d9806"),
    ZooModel(
        "mask_rcnn_R_50_FPN_cityscapes", model_name("mask_rcnn", "resnet50"), "cityscapes", "Cityscapes", "24k steps",
        None, 36.5, _LICENCE, f"{_ROOT}Cityscapes/mask_rcnn_R_50_FPN/142423278/model_final_af9cf5.pkl",
    ),
    _point_rend("pointrend_rcnn_R_50_FPN_1x_coco", "resnet50", "COCO", "1x", 36.2, "164254221/model_final_736f5a"),
    _point_rend("pointrend_rcnn_R_50_FPN_3x_coco", "resnet50", "COCO", "3x", 38.3, "164955410/model_final_edd263"),
    _point_rend("pointrend_rcnn_R_101_FPN_3x_coco", "resnet101", "COCO", "3x", 40.1, "28119983/model_final_3f4d2a"),
    _point_rend(
        "pointrend_rcnn_X_101_32x8d_FPN_3x_coco", "resnext101_32x8d", "COCO", "3x", 41.1,
        "28119989/model_final_ba17b9",
    ),
    _point_rend(
        "pointrend_rcnn_R_50_FPN_1x_cityscapes", "resnet50", "Cityscapes", "24k steps", 35.9,
        "164255101/model_final_115bfb",
    ),
)  # fmt: skip
ZOO: dict[str, ZooModel] = {model.name: model for model in _MODELS}
