"""XML that cannot harm: no document type, hence no entities to expand and no files to fetch."""

import xml.etree.ElementTree as ET
from typing import NoReturn
from xml.parsers import expat


class BadXml(ValueError):
    """A text that is not XML, or XML that declares a document type."""


def parse_xml(content: bytes) -> ET.Element:
    """The root element of ``content``; :class:`BadXml` when it cannot be read."""
    builder = ET.TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(content, True)
        return builder.close()
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise BadXml(f"is not valid XML ({error})") from error


def _refuse(*_: object) -> NoReturn:
    raise BadXml("declares a document type, which can hide bombs")
