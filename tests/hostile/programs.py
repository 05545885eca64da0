"""Files that run a program where a reader lets them: each leaves the file ``MARK`` in the current folder.

Pictures do so by Ghostscript, which Pillow starts by the name ``gs``; :func:`install_ghostscript` writes one that does.
"""

import base64
import io
import json
import os
import pickle
import shutil
import struct
import zipfile
from pathlib import Path
from typing import Any

from tests.hostile.corpus import OLD_RUN, Hostile, Write, card, labelme, write, write_json

MARK = "hostile-code-ran"
COMMAND = f"touch {MARK}"

POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\nshowpage\n"
YAML = f"!!python/object/apply:os.system ['{COMMAND}']"


class Runs:
    """Runs the command when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (COMMAND,)


PICKLE = pickle.dumps(Runs())


def torch_archive() -> bytes:
    """A checkpoint as torch writes it, whose pickle runs the command."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("archive/data.pkl", PICKLE)
        file.writestr("archive/version", "3\n")
        file.writestr("archive/byteorder", "little")
    return content.getvalue()


def install_ghostscript(folder: Path) -> Path:
    """Write a program ``gs`` into ``folder`` and return that folder, for the environment's ``PATH``."""
    folder.mkdir()
    (folder / "gs").write_text(f"#!/bin/sh\n{COMMAND}\n")
    (folder / "gs").chmod(0o755)
    return folder


def programs() -> list[Hostile]:
    """Inputs of every kind that some reader runs programs from."""
    return [Hostile(kind, f"a program: {name}", put) for (kind, name), put in _programs().items()]


def _programs() -> dict[tuple[str, str], Write]:
    loading = {"checkpoint_path": "code.pkl"}
    named = {"pretrained": True, "pretrained_cfg": {"file": "code.pkl"}}
    return {
        ("yolo", "an object of Python"): _at("yolo/data.yaml", f"path: .\ntrain: images\nnames: {YAML}\n"),
        **{(kind, "an object of Python"): _at(f"{kind}.yaml", f"a: {YAML}\n") for kind in ("groups", "taxonomy")},
        ("recipe", "an object of Python"): _at("recipe.yaml", f"name: {YAML}\n"),
        ("image", "PostScript"): _at(("images/1.png", "yolo/images/train/1.png"), POSTSCRIPT),
        ("label map", "PostScript"): _at(
            ("truth/1.png", "voc/SegmentationClass/1.png", "voc/SegmentationObject/1.png"), POSTSCRIPT
        ),
        ("city results", "PostScript"): _at("results/mask.png", POSTSCRIPT),
        ("cityscapes", "PostScript"): _at("gtFine/val/town/town_000000_000019_gtFine_instanceIds.png", POSTSCRIPT),
        ("panoptic", "PostScript"): _at(("panoptic/1.png", "found/1.png"), POSTSCRIPT),
        ("labelme", "PostScript in the mask of a shape"): _labelme,
        ("weights", "a pickle"): _at("weights.pkl", PICKLE),
        ("weights", "a pickle as .pth"): _at("weights.pth", PICKLE),
        ("weights", "a checkpoint of torch"): _at("weights.pth", torch_archive()),
        ("weights", "a pickle as .safetensors"): _at("weights.safetensors", PICKLE),
        ("model", "a pickle"): _at("model.safetensors", PICKLE),
        ("model", "a checkpoint of torch"): _at("model.safetensors", torch_archive()),
        ("model", "a card that names a pickle"): _card(loading),
        ("model", "a card that names published weights"): _card(named),
        ("run folder", "a recipe"): _in_run("recipe.yaml", f"name: {YAML}\n"),
        ("run folder", "a model"): _in_run("checkpoints/best/model.safetensors", torch_archive()),
        ("run folder", "a state"): _in_run("checkpoints/last/state.pt", torch_archive()),
    }


def _at(places: str | tuple[str, ...], content: bytes | str) -> Write:
    return lambda folder: [  # type: ignore[return-value]
        write(folder / place, content) for place in ([places] if isinstance(places, str) else places)
    ]


def _in_run(place: str, content: bytes | str) -> Write:
    def put(folder: Path) -> None:
        shutil.copytree(OLD_RUN, folder / "run")
        write(folder / "run" / place, content)

    return put


def _card(options: dict[str, Any]) -> Write:
    """A model file whose card gives ``options`` to timm, beside a pickle."""

    def put(folder: Path) -> None:
        write(folder / "code.pkl", PICKLE)
        text = json.dumps(card(name="smp:Unet/tu-resnet18", options=options))
        header = {"__metadata__": {"maskwright": text}, "a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
        content = json.dumps(header).encode()
        write(folder / "model.safetensors", struct.pack("<Q", len(content)) + content + bytes(4))

    return put


def _labelme(folder: Path) -> None:
    mask = base64.b64encode(POSTSCRIPT).decode()
    shape = {"label": "a", "shape_type": "mask", "points": [[0, 0], [63, 63]], "mask": mask}
    write_json(folder / "labelme" / "1.json", labelme(shapes=[shape], imageData=mask))
