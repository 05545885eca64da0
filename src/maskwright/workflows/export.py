"""``maskwright export``: write a trained model for another runtime, with the proof that it answers the same."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from maskwright.coco_dataset.dataset import CocoDataset
from maskwright.errors import UsageError, refuse_panoptic, unknown_name
from maskwright.export.agreement import Kept
from maskwright.export.certificate import Certificate
from maskwright.files import write_json
from maskwright.images.decode import find_images, read_image
from maskwright.images.encode import write_jpeg
from maskwright.images.lettering import Image
from maskwright.outputs.output import Output
from maskwright.outputs.writing import output_files, require_new_files
from maskwright.progress import Reporter
from maskwright.run_folder import RunFolder
from maskwright.runs.exports.certification import Certification
from maskwright.runs.exports.making import SUFFIXES, Making, require_target
from maskwright.runs.loaded_model import LoadedModel, load_model, model_file
from maskwright.synthetic.shapes import draw_image

_BUILT_IN = 8
_TOLERANCE, _INT8_TOLERANCE = 1e-4, 1e-2


@dataclass(frozen=True)
class ExportedModel:
    """An exported model: its ``file``, and the ``certificate`` of how far it is from the model."""

    file: Path
    certificate: Certificate
    description: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints, and what the JSON file beside the export holds."""
        return {"file": self.file.name, "certificate": self.certificate.to_json(), **self.description}


def export_model(
    model: str | Path | RunFolder,
    out: str | Path | None = None,
    *,
    to: Literal["onnx", "openvino"] = "onnx",
    on: str | Path | None = None,
    images: str | Path | None = None,
    int8: bool = False,
    tolerance: float | None = None,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> ExportedModel:
    """Write a trained model as a file of another runtime, and certify that it answers as the model does.

    The same images go through both. Their logits or objects are compared, and what differs by more than ``tolerance``
    is refused. Beside the file ``OUT.json`` describes its input and output and has the certificate, and
    ``OUT.worst.jpg`` shows the five images that differ most.

    Args:
        model: A run folder, a checkpoint folder, or a ``.safetensors`` model file.
        out: The file to write; by default the model's name with the suffix of the runtime, in the current folder.
        to: ``onnx`` for ONNX Runtime (an ``.onnx`` file), or ``openvino`` (an ``.xml`` file and its ``.bin``).
        on: A COCO annotation file. Its images are compared, and both are scored on it: mask and box AP, or mIoU.
        images: The folder of these images; without ``on`` the images to compare. By default drawn shapes are compared.
        int8: Compute in eight bits. The ranges are measured on the images of ``on``, and the scores alone decide.
        tolerance: The largest difference that passes, as a share: of the largest logit, of the pixels, of the scores,
            of the image's long side for boxes. 0.0001 by default, with ``int8`` 0.01.
        overwrite: Replace files of these names.
        reporter: Where progress goes; standard error by default.

    Returns:
        The file, its certificate and its description.

    Raises:
        UsageError: There is no model or no image, a name or number is out of range, ``int8`` lacks ``on``, or a file
            exists.
        WeightsError: The export does not answer as the model does, or the network cannot be exported.

    Example:
        >>> import maskwright as mw
        >>> done = mw.export_model("runs/first", "first.onnx", on="labels.json", images="photos")
        >>> done.certificate.accepted, mw.load_model("first.onnx").classes.names
        (True, ['disc', 'square', 'triangle', 'ring'])
    """
    if to not in SUFFIXES:
        raise unknown_name("runtime", to, SUFFIXES)
    tolerance = tolerance if tolerance is not None else _INT8_TOLERANCE if int8 else _TOLERANCE
    _require_possible(on, images, int8, tolerance)
    reporter = reporter or Reporter()
    path = Path(out) if out is not None else Path(Path(model).stem + SUFFIXES[to])
    require_target(to, path)
    beside = [path.with_name(f"{path.name}.{kind}") for kind in ("json", "worst.jpg")]
    weights = [path.with_suffix(".bin")] if to == "openvino" else []
    read = [model_file(Path(model)), *(Path(each) for each in (on,) if each is not None)]
    output = Output("export", path, reporter.notice, read, overwrite)
    require_new_files(output, [path, *weights, *beside])
    loaded = load_model(Path(model), "cpu")
    refuse_panoptic(loaded.task, loaded.file, "export", "Predict with the model itself: `maskwright predict`.")
    if loaded.file.suffix in SUFFIXES.values():
        raise UsageError(f"{loaded.file}: is an export already; expected a run, a checkpoint or a .safetensors file.")
    truth = CocoDataset.open(on, images) if on is not None else None
    named, source = _images(truth, images)
    with output_files(output, new=True) as staging:
        reporter.say(f"writing {path}")
        made = Making(loaded, to, int8, _example(loaded, named))
        description = made.write(staging / path.name, (image for _, image in named))
        certificate = Certificate(source, tolerance, by_scores=int8)
        compared = Certification(
            loaded, load_model(staging / path.name, "cpu"), certificate, _kept(loaded), keep=truth is not None
        )
        compared.compare(reporter.track(named, "comparing"))
        if truth is not None:
            compared.score(truth)
        certificate.require_accepted(str(path))
        write_jpeg(staging / beside[1].name, compared.picture())
        done = ExportedModel(path, certificate, description)
        write_json(staging / beside[0].name, done.to_json())
    return done


def _require_possible(on: str | Path | None, images: str | Path | None, int8: bool, tolerance: float) -> None:
    if on is not None and images is None:
        raise UsageError("--on: names annotations; expected their images too. Add --images.")
    if int8 and on is None:
        raise UsageError("--int8: measures ranges on images and is judged by scores. Add --on and --images.")
    if not 0 <= tolerance <= 1:
        raise UsageError(f"--tolerance {tolerance}: expected a share from 0 to 1.")


class _Named:
    """Images by name, read when they are asked for, as often as they are."""

    def __init__(self, names: Iterable[str], read: Any) -> None:
        self.names, self.read = list(names), read

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[tuple[str, Image]]:
        return ((name, self.read(name)) for name in self.names)


def _images(truth: CocoDataset | None, images: str | Path | None) -> tuple[_Named, str]:
    """Return the images to compare, and where they are from."""
    if truth is not None:
        found = _Named(truth.names, lambda name: truth[name].image)
        where = str(truth.coco.path.name)
    elif images is not None:
        files = {path.name: path for path in find_images(Path(images))}
        found, where = _Named(files, lambda name: read_image(files[name])), Path(images).name
    else:
        drawn = {f"shapes-{number}": number for number in range(_BUILT_IN)}
        found, where = _Named(drawn, lambda name: draw_image(drawn[name])[0]), "built-in shapes"
    if not len(found):
        raise UsageError(f"{images or where}: no image here; expected images to compare the model and its export on.")
    return found, where


def _example(model: LoadedModel[Any], images: _Named) -> Image:
    """Return the first of the ``images`` in which the model finds something; the first of all if there is none."""
    first = next(iter(images))[1]
    if model.task == "semantic":
        return first
    found = (image for number, (_, image) in enumerate(images) if number < _BUILT_IN and len(model.predict(image)))
    return next(found, first)


def _kept(model: LoadedModel[Any]) -> Kept:
    options = model.card.options
    return Kept(float(options.get("score_threshold", Kept.score)), int(options.get("detections", Kept.most)))
