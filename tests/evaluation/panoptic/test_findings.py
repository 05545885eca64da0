import pytest

from maskwright.errors import DataError
from maskwright.evaluation.panoptic.findings import NOTED, REFUSED, PanopticFindings


def test_codes_are_refused_or_noted():
    assert not REFUSED.keys() & NOTED.keys()
    for code in REFUSED:
        findings = PanopticFindings()
        findings.add(code, "a.png: something")
        assert findings.refused
        assert findings.remarks() == []
        with pytest.raises(DataError, match=f"(?s)found 1 {code}.*a.png: something.*remedy: "):
            findings.require_none_refused("found.json")


def test_the_first_five_of_a_code_are_named_and_all_are_counted():
    findings, others = PanopticFindings(), PanopticFindings()
    findings.add_all("wrong_size", (f"{n}.png" for n in range(3)))
    others.add_all("wrong_size", (f"{n}.png" for n in range(3, 9)))
    findings.merge(others)
    with pytest.raises(DataError) as caught:
        findings.require_none_refused("found.json")
    assert caught.value.lines[1:-1] == (*(f"  {n}.png" for n in range(5)), "  … and 4 more of wrong_size")


def test_notes_say_how_many_there_are_and_what_they_count_as():
    findings = PanopticFindings()
    findings.add_all("true_id_not_in_png", ["a.png: segment 3", "b.png: segment 4"])
    assert not findings.refused
    findings.require_none_refused("found.json")
    assert findings.remarks() == ["2 true segments have no pixel; they count as missed (a.png: segment 3 …)."]
