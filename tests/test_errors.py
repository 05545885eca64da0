import pickle
from pathlib import Path

import pytest

from maskwright.errors import (
    DataError,
    MaskwrightError,
    NextCommand,
    UsageError,
    WeightsError,
    nearest,
    one_line,
    refuse_panoptic,
    require_file,
    require_folder,
    some_of,
    unknown_name,
)


def test_wrong_usage_exits_with_2_and_unusable_data_or_weights_with_1():
    assert UsageError.exit_code == 2
    assert DataError.exit_code == WeightsError.exit_code == 1


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("motorcyle", "motorcycle"), ("PERSON", "person"), ("ball", "sports ball"), ("aeroplane", "airplane")],
)
def test_the_nearest_name_is_found_despite_typos_case_and_missing_words(typed: str, expected: str):
    assert nearest(typed, ["person", "motorcycle", "sports ball", "airplane"])[0] == expected


def test_a_name_like_nothing_known_has_no_nearest():
    assert nearest("xyzzy", ["person", "dog"]) == []


def test_at_most_three_names_are_suggested():
    assert len(nearest("cat", [f"cat {i}" for i in range(9)])) == 3


def test_an_unknown_name_far_from_all_lists_the_known_ones():
    message = str(unknown_name("class", "xyzzy", ["person", "dog"]))
    assert message == "Unknown class 'xyzzy'. Known: dog, person."


def test_a_long_list_of_known_names_is_cut():
    assert str(unknown_name("class", "xyzzy", [f"{i:02}" for i in range(30)])).endswith("19, ….")


def test_a_missing_file_is_answered_with_the_file_beside_it(tmp_path: Path):
    (tmp_path / "labels.json").touch()
    with pytest.raises(
        UsageError, match=r"lables\.json: it does not exist; expected the annotations file.*labels\.json"
    ):
        require_file(tmp_path / "lables.json", "annotations")


def test_a_missing_folder_on_the_way_is_answered_with_the_folder_beside_it(tmp_path: Path):
    (tmp_path / "annotations").mkdir()
    with pytest.raises(UsageError, match=r"Nearest in .*: annotations\."):
        require_file(tmp_path / "anotations" / "deep" / "labels.json", "annotations")


def test_a_folder_is_not_taken_for_a_file_nor_a_file_for_a_folder(tmp_path: Path):
    file = tmp_path / "a.json"
    file.touch()
    with pytest.raises(UsageError, match="it is not a file"):
        require_file(tmp_path, "annotations")
    with pytest.raises(UsageError, match="it is not a folder"):
        require_folder(file, "images")


def test_what_exists_is_handed_back(tmp_path: Path):
    file = tmp_path / "a.json"
    file.touch()
    assert require_file(file, "annotations") == file
    assert require_folder(tmp_path, "images") == tmp_path


def test_a_list_in_a_message_is_cut_and_the_rest_counted():
    assert some_of(["a", "b"]) == "a, b"
    assert some_of(range(1005), 2) == "0, 1 and 1,003 more"
    assert some_of([]) == ""


def test_a_message_has_one_line_or_those_that_it_is_given():
    """What a name brings along is part of a line, and is not taken for a line of the message."""
    error = UsageError("labels.json: 2 faults:", "class 'cat\nerror: none'", "class 'dog'")
    assert error.lines == ("labels.json: 2 faults:", "class 'cat\nerror: none'", "class 'dog'")
    assert str(error) == "labels.json: 2 faults:\nclass 'cat\nerror: none'\nclass 'dog'"
    copied = pickle.loads(pickle.dumps(error))
    assert (type(copied), copied.lines) == (UsageError, error.lines)
    assert str(MaskwrightError("one")) == "one"
    assert MaskwrightError().lines == ()


def test_the_message_of_a_library_comes_on_one_line():
    assert one_line(RuntimeError("Error in loading:\n\tMissing key: a.\n")) == "Error in loading: Missing key: a."


def test_a_misspelt_path_is_to_be_replaced_where_the_right_one_is_there(tmp_path: Path):
    (tmp_path / "sets" / "one").mkdir(parents=True)
    (tmp_path / "sets" / "labels.json").touch()
    for wrong, right, require in (
        ("sets/lables.json", "sets/labels.json", require_file),
        ("stes/labels.json", "sets/labels.json", require_file),
        ("stes/one", "sets/one", require_folder),
    ):
        with pytest.raises(UsageError) as caught:
            require(tmp_path / wrong, "a")
        assert caught.value.next_command == NextCommand((), {str(tmp_path / wrong): str(tmp_path / right)})


@pytest.mark.parametrize("wrong", ["stes/other.json", "cats.json", "stes"])
def test_nothing_is_told_to_be_typed_that_is_not_there(wrong: str, tmp_path: Path):
    (tmp_path / "sets").mkdir()
    with pytest.raises(UsageError) as caught:
        require_file(tmp_path / wrong, "a")
    assert caught.value.next_command is None


def test_a_name_is_to_be_replaced_only_by_one_much_like_it():
    assert unknown_name("class", "disk", ["disc", "ring"]).next_command == NextCommand((), {"disk": "disc"})
    assert unknown_name("class", "cow", ["cat"]).next_command is None


def test_what_to_type_passes_from_process_to_process():
    error = UsageError("a").try_next("check", Path("b"), added=["--quiet"])
    assert pickle.loads(pickle.dumps(error)).next_command == NextCommand(("check", "b"), {}, ("--quiet",))


def test_what_takes_no_panoptic_model_says_what_does() -> None:
    refuse_panoptic("semantic", "a", "export", "Use predict.")
    with pytest.raises(UsageError, match=r"runs/a: is panoptic, and export takes instance and semantic.*Use predict"):
        refuse_panoptic("panoptic", "runs/a", "export", "Use predict.")
