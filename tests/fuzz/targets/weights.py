"""Files of weights and models: pickles, checkpoints, safetensors, and the cards in them."""

import dataclasses
import io
import json
import pickle
import struct
from collections import OrderedDict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from safetensors import SafetensorError
from safetensors.torch import save

from maskwright.errors import MaskwrightError, WeightsError
from maskwright.model_file import (
    ModelCard,
    card_metadata,
    model_bytes,
    parse_card,
    read_card,
    read_materials,
    read_model_file,
    read_provenance,
)
from maskwright.models.catalogue import create_model
from maskwright.models.weights.loading import read_weights
from maskwright.runs.loaded_model import load_model
from maskwright.structures import ClassTable
from tests.fuzz.harness import Target
from tests.fuzz.strategies import json_bytes

_CLASSES = ClassTable.from_names(["disc", "square"])
_OPTIONS = {"widths": [2, 2], "bottleneck": 2}
CARD = ModelCard(
    "residual_attention_unet", "semantic", _OPTIONS, _CLASSES.to_json(), {"resize": "square", "size": 16}, 1,
    {"miou": 0.5, "none": None}, "name: a\n",
)  # fmt: skip


def _read_weights(path: Path) -> None:
    for name, tensor in read_weights(path).items():
        assert isinstance(tensor, torch.Tensor)
        assert isinstance(name, str), f"a name of the type {type(name).__name__}"


def _pickles() -> list[bytes]:
    arrays = {"a": np.arange(6, dtype="f4").reshape(2, 3), "b": np.asfortranarray(np.ones((2, 2)))}
    values = [{"model": arrays}, OrderedDict(a=np.float32(1)), {"a": arrays["a"], "iteration": 3}, {"a": [1, (2, "b")]}]
    return [pickle.dumps(value, protocol) for value in values for protocol in (2, 4, 5)]


_OPCODES = [
    *(b"(", b".", b"0", b"1", b"2", b"N", b"\x88", b"\x89", b"]", b"}", b")", b"a", b"e", b"s", b"u", b"t", b"b", b"R"),
    *(b"\x81", b"\x85", b"\x86", b"\x87", b"\x8f", b"\x90", b"\x91", b"\x93", b"\x94", b"\x92", b"Q", b"o", b"l", b"d"),
    *(b"h\0", b"h\1", b"q\0", b"q\1", b"K\1", b"J\xff\xff\xff\xff", b"\x8a\1\5", b"C\2ab", b"\x8c\1a", b"X\1\0\0\0a"),
    *(b"cnumpy\nndarray\n", b"cnumpy\ndtype\n", b"cnumpy.core.multiarray\n_reconstruct\n", b"c_codecs\nencode\n"),
    *(b"ccollections\nOrderedDict\n", b"cos\nsystem\n", b"cnumpy.core.multiarray\nscalar\n", b"c__builtin__\nbytes\n"),
    *(b"cnumpy._core.numeric\n_frombuffer\n", b"ios\nsystem\n", b"\x80\2", b"\x80\5", b"Pa\n", b"\x82\1", b"\x98"),
    *(b"\x97",),
    *(b"\x95\xff\0\0\0\0\0\0\0", b"\x96\2\0\0\0\0\0\0\0ab", b"\x8c\6latin1", b"\x8c\2f4", b"\x8c\1<"),
    *(b"r\xff\xff\xff\x7f",),
]


@st.composite
def _steps(draw: st.DrawFn) -> bytes:
    """Pickles of any steps, alone or in the middle of a sound one."""
    steps = b"".join(draw(st.lists(st.sampled_from(_OPCODES), max_size=40)))
    if draw(st.booleans()):
        return b"\x80\2" + steps + b"."
    content = draw(st.sampled_from(_pickles()))
    at = draw(st.integers(0, len(content)))
    return content[:at] + steps + content[at:]


@cache
def _checkpoints() -> list[bytes]:
    found = []
    for zipped in (True, False):
        file = io.BytesIO()
        torch.save(
            {"model": {"a.weight": torch.ones(2, 2), "b": torch.zeros(1)}}, file, _use_new_zipfile_serialization=zipped
        )
        found.append(file.getvalue())
    return found


@st.composite
def _changed_checkpoints(draw: st.DrawFn) -> bytes:
    content = bytearray(draw(st.sampled_from(_checkpoints())))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(content) - 1))
        content[at : at + draw(st.integers(0, 2))] = draw(st.sampled_from([*_OPCODES, b"PK\3\4", b"PK\1\2", b"PK\5\6"]))
    return bytes(content)


def _read_safetensors(path: Path) -> None:
    card = read_card(path)
    for read in (read_provenance, read_materials):
        try:
            read(path)
        except SafetensorError as error:
            if not str(error):
                raise AssertionError("an error without a message") from error
    found, _ = read_model_file(path)
    assert found == card


def _safetensors() -> list[bytes]:
    tensors = {"a": torch.arange(4.0).reshape(2, 2), "b": torch.ones(3, dtype=torch.int8)}
    metadata = {**card_metadata(CARD, [{"name": "x", "licence": None}]), "source": json.dumps({"file": "a"})}
    return [model_bytes(tensors, metadata), save(tensors), save({}), model_bytes({}, {**metadata, "maskwright": "{}"})]


def _header(content: bytes) -> Any:
    return json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])


def _with_header(header: bytes, rest: bytes) -> bytes:
    return struct.pack("<Q", len(header)) + header + rest


def _changed_headers() -> st.SearchStrategy[bytes]:
    headers = json_bytes([_header(content) for content in _safetensors()[:2]])()
    return st.builds(_with_header, headers, st.sampled_from([bytes(19), bytes(18), bytes(40), b""]))


def _mended_header(content: bytes) -> bytes:
    """Return safetensors whose header ends where its JSON does."""
    end = content.rfind(b"}") + 1
    return _with_header(content[8:end].rstrip(), content[end:].lstrip()) if end > 8 else content


def _read_card(path: Path) -> None:
    """A card that is accepted is written and read again as the same."""
    card = parse_card(path.read_bytes().decode("utf-8", "surrogateescape"))
    assert parse_card(card_metadata(card)["maskwright"]) == card


def _cards() -> list[dict[str, Any]]:
    instance = dataclasses.replace(CARD, name="mask_rcnn:resnet18", task="instance", options={"proposals_test": 20})
    return [dataclasses.asdict(CARD), dataclasses.asdict(instance)]


@cache
def _tensors() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {k: v.contiguous() for k, v in create_model(CARD.name, 2, _OPTIONS).state_dict().items()}


def _load_model(path: Path) -> None:
    """A model that is built of a stranger's card predicts, or is refused."""
    text = path.read_bytes().decode("utf-8", "replace")
    file = path.with_name("model.safetensors")
    file.write_bytes(model_bytes(_tensors(), {"maskwright": text}))
    model = load_model(file, "cpu")
    assert model.predict(np.zeros((20, 24, 3), np.uint8)).shape == (20, 24)


TARGETS = [
    Target(
        name="pickle",
        file="weights.pkl",
        read=_read_weights,
        errors=(WeightsError,),
        seeds=_pickles,
        strategy=_steps,
        tokens=tuple(_OPCODES),
    ),
    Target(
        name="checkpoint",
        file="weights.pth",
        read=_read_weights,
        errors=(WeightsError,),
        seeds=lambda: [*_checkpoints(), *_pickles()[:2]],
        strategy=_changed_checkpoints,
        tokens=(
            *_OPCODES,
            b"PK\3\4",
            b"PK\1\2",
            b"PK\5\6",
            b"PK\6\6",
            b"ctorch._utils\n_rebuild_tensor_v2\n",
            b"archive/data/0",
        ),
    ),
    Target(
        name="safetensors",
        file="model.safetensors",
        read=_read_safetensors,
        errors=(WeightsError,),
        seeds=_safetensors,
        strategy=_changed_headers,
        tokens=(
            b"data_offsets",
            b"dtype",
            b"shape",
            b"__metadata__",
            b"F32",
            b"F64",
            b"BF16",
            b"F8_E4M3",
            b"I64",
            b"BOOL",
        ),
        mend=_mended_header,
    ),
    Target(
        name="card",
        read=_read_card,
        errors=(ValueError,),
        seeds=lambda: [json.dumps(card).encode() for card in _cards()],
        strategy=lambda: json_bytes(_cards())(),
    ),
    Target(
        name="model",
        file="card.json",
        read=_load_model,
        errors=(MaskwrightError,),
        seeds=lambda: [json.dumps(card).encode() for card in _cards()],
        strategy=lambda: json_bytes(_cards())(),
        tokens=(b'"widths":', b'"resize":', b'"size":', b'"longest":', b'"square"', b'"short-side"', b'"bottleneck":'),
    ),
]
