"""The XML file of a Pascal VOC image: read for the image's name, written with the boxes of its objects."""

import xml.etree.ElementTree as ET
from pathlib import Path, PurePosixPath

from maskwright.annotations.faults import Fault
from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.dataset import AnnotatedImage
from maskwright.annotations.xml_text import BadXml, parse_xml
from maskwright.errors import DataError
from maskwright.files import write_bytes

# Fields of an object that a mask has no place for.
_FIELDS = ("pose", "truncated", "difficult", "occluded", "part", "actions", "attributes")
_LARGEST = 16 << 20


def image_name(path: Path, stem: str, audit: ConversionAudit) -> str | None:
    """Return the image's file name from the XML at ``path``, or None when it gives no name of that ``stem``.

    None also stands for a missing file and for XML that cannot be read, which is a fault in ``audit``. Fields that a
    mask cannot hold are counted.
    """
    if not path.is_file():
        return None
    try:
        if path.stat().st_size > _LARGEST:
            raise BadXml(f"is larger than {_LARGEST >> 20} MiB")
        root = parse_xml(path.read_bytes())
    except BadXml as bad:
        audit.objects.faults.append(Fault("unreadable_file", "file", None, f"has {path.name}, which {bad}"))
        return None
    for each in root.iter("object"):
        texts = {name: (each.findtext(name) or "").strip() for name in _FIELDS}
        audit.fields.update(f"object.{name}" for name, text in texts.items() if text not in ("", "0", "Unspecified"))
    name = PurePosixPath((root.findtext("filename") or "").strip().replace("\\", "/")).name
    return name if PurePosixPath(name).stem == stem else None


def write_xml(path: Path, image: AnnotatedImage, file_name: str, boxes: list[tuple[str, list[int]]]) -> None:
    """Write the XML of ``image`` with a class and a box (xywh in pixels) per object, in the order of their numbers.

    VOC counts pixels from 1, and its boxes include their last pixel. Raises ``DataError`` when a name has a character
    that XML cannot hold.
    """
    root = ET.Element("annotation")
    ET.SubElement(root, "folder").text = "JPEGImages"
    ET.SubElement(root, "filename").text = file_name
    size = ET.SubElement(root, "size")
    for tag, value in (("width", image.width), ("height", image.height), ("depth", 3)):
        ET.SubElement(size, tag).text = str(value)
    ET.SubElement(root, "segmented").text = "1"
    for name, (x, y, width, height) in boxes:
        each = ET.SubElement(root, "object")
        ET.SubElement(each, "name").text = name
        for tag, text in (("pose", "Unspecified"), ("truncated", "0"), ("difficult", "0")):
            ET.SubElement(each, tag).text = text
        box = ET.SubElement(each, "bndbox")
        for tag, value in (("xmin", x + 1), ("ymin", y + 1), ("xmax", x + width), ("ymax", y + height)):
            ET.SubElement(box, tag).text = str(value)
    ET.indent(root)
    content = ET.tostring(root, encoding="utf-8")
    try:
        read = parse_xml(content)
        texts = [read.findtext("filename"), *(each.findtext("name") for each in read.iter("object"))]
        if texts != [file_name, *(name for name, _ in boxes)]:
            raise BadXml("a line break would be another one")
    except BadXml as bad:
        message = f"The image '{image.file_name}' or a class on it has a name that XML cannot hold ({bad})"
        raise DataError(f"{message}; expected names without control characters. Rename it.") from bad
    write_bytes(path, content + b"\n")
