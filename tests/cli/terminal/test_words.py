"""What people type is taken as meant, or answered with the line to type."""

import json
from pathlib import Path

import pytest

from maskwright.cli.main import main
from maskwright.cli.terminal.words import with_names_joined


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("masks l.json --classes person dog --out o", "masks l.json --classes person,dog --out o"),
        ("masks l.json --classes person, dog --out o", "masks l.json --classes person,dog --out o"),
        ("masks l.json --classes person , dog", "masks l.json --classes person,dog"),
        ("masks --classes person dog l.json", "masks --classes person,dog l.json"),
        ("masks --classes a b sets/labels", "masks --classes a,b sets/labels"),
        ("run r.yaml --classes=a b epochs=3", "run r.yaml --classes=a,b epochs=3"),
        ("masks l.json --ignore-classes a b --classes c d", "masks l.json --ignore-classes a,b --classes c,d"),
        ("masks l.json --classes a/b c", "masks l.json --classes a/b,c"),
        ("masks l.json --classes", "masks l.json --classes"),
        ("masks l.json --classes --out o", "masks l.json --classes --out o"),
        ("split l.json --names a b", "split l.json --names a b"),
    ],
)
def test_class_names_may_stand_apart(typed: str, read: str) -> None:
    assert with_names_joined(typed.split()) == read.split()


def test_a_name_of_two_words_in_quotes_stays_one() -> None:
    assert with_names_joined(["--classes", "traffic light", "stop sign"]) == ["--classes", "traffic light,stop sign"]


def test_class_names_that_stand_apart_choose_these_classes(coco, tmp_path: Path) -> None:
    path, out = coco({}, {"category_id": 2}), tmp_path / "out"
    assert main(["masks", str(path), "--classes", "dog", "person", "--out", str(out), "--quiet"]) == 0
    assert [each["name"] for each in json.loads((out / "classes.json").read_text())] == ["dog", "person"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("run demo-semantic --learning-rate 0.1", "No such option: --learning-rate. Use --lr 0.1."),
        ("run demo-semantic --batch-size=4", "Use --batch 4."),
        ("train demo-semantic --imgsz 320", "Use --size 320."),
        ("run demo-semantic --seed 4", "Use --set seed=4."),
        ("run demo-semantic --train.lr=0.1", "Use --set train.optimizer.lr=0.1."),
        ("run demo-semantic --weight-decay", "Use --set train.optimizer.weight_decay=VALUE."),
        ("predict m i --conf 0.3 --out o", "Use --score 0.3."),
        ("predict m i --out o conf=0.3", None),
        ("predict m i score=0.3 --out o", None),
        ("explore l.json out=there", "Use --out there."),
        ("explore l.json output=there", "Use --out there."),
        ("run --classes a b demo-semantic", "before --classes, which takes all the names that follow"),
        ("run demo-semantic demo-instance", "'demo-instance': expected one recipe, then settings as KEY=VALUE"),
    ],
)
def test_other_words_are_answered_with_the_line_to_type(
    typed: str, said: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(typed.split()) == 2
    shown = capsys.readouterr().err
    assert "Traceback" not in shown
    assert said is None or said in shown


def test_a_command_of_one_file_says_so_where_the_shell_gave_several(
    coco, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    coco({}, name="a.json")
    coco({}, name="b.json")
    monkeypatch.chdir(tmp_path)
    assert main(["check", "a.json", "b.json"]) == 2
    assert "`check` takes one file or folder. Run it once for each." in capsys.readouterr().err
