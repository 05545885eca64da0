"""The table of licences: each by its name, and marked where a user must accept it."""

import pytest

from maskwright.models.weights.licences import CODE_LICENCES, LICENCES, NOT_STATED, licence_titled


def test_names_and_titles_are_unique() -> None:
    assert all(licence.name == name for name, licence in LICENCES.items())
    assert len({licence.title for licence in LICENCES.values()}) == len(LICENCES)


def test_non_commercial_and_special_licences_need_acceptance_and_have_a_text() -> None:
    marked = {name for name, licence in LICENCES.items() if licence.needs_acceptance}
    assert {"nvidia-source-code", "dinov3-license", "cc-by-nc-4.0"} <= marked
    assert not {"apache-2.0", "mit", "cc-by-sa-3.0", "not-stated"} & marked
    assert all(LICENCES[name].address for name in marked)


def test_a_licence_reads_as_name_title_terms_and_address() -> None:
    assert str(LICENCES["cc-by-nc-4.0"]) == (
        "cc-by-nc-4.0 (CC BY-NC 4.0, non-commercial, https://creativecommons.org/licenses/by-nc/4.0/)"
    )


def test_licences_are_found_by_their_titles() -> None:
    assert licence_titled("CC BY-SA 3.0") is LICENCES["cc-by-sa-3.0"]
    assert licence_titled(None) is NOT_STATED
    with pytest.raises(KeyError):
        licence_titled("CC BY-SA 9")


def test_our_own_code_is_under_the_licence_of_the_package() -> None:
    assert CODE_LICENCES["maskwright"] == "Apache-2.0"
