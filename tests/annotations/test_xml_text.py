import pytest

from maskwright.annotations.xml_text import BadXml, parse_xml


def test_elements_and_their_text_are_read():
    root = parse_xml("<a><b>café</b><b/></a>".encode())
    assert [each.text for each in root.iter("b")] == ["café", None]


LAUGHS = (
    b'<!DOCTYPE a [<!ENTITY x0 "ha">'
    + b"".join(b'<!ENTITY x%d "&x%d;&x%d;">' % (i, i - 1, i - 1) for i in range(1, 40))
    + b"]><a>&x39;</a>"
)


@pytest.mark.parametrize(
    "content",
    [
        LAUGHS,
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "http://localhost/x.dtd"><a/>',
    ],
    ids=["a thousand million laughs", "a file", "an address"],
)
def test_a_document_type_is_refused(content: bytes):
    with pytest.raises(BadXml, match="declares a document type"):
        parse_xml(content)


@pytest.mark.parametrize(
    "content", [b"", b"<a>", b"<a></b>", b"text", b"<a/><b/>", b"\xff\xff", b"<a>&x;</a>", b'<?xml encoding="no"?><a/>']
)
def test_what_is_not_xml_is_refused(content: bytes):
    with pytest.raises(BadXml, match="is not valid XML"):
        parse_xml(content)


def test_deep_nesting_is_read_or_refused_but_ends():
    with pytest.raises(BadXml):
        parse_xml(b"<a>" * 100_000)
