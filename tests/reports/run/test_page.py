import json
import re
import subprocess
import sys

import pytest

from maskwright.errors import DataError
from maskwright.reports.run import page
from maskwright.reports.run.page import write_page
from tests.reports.html_page import Page, assert_runs_only_its_own_script
from tests.reports.measured import measured_metrics

EIGHTY = tuple(f"class {i}" for i in range(80))
HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'; url(http://evil.example)")
OPTIONAL = ("statistics.json", "metrics.csv", "scores.json", "figures/panels.json")


def read(run) -> tuple[str, Page]:
    html = write_page(run).read_text(encoding="utf-8")
    return html, Page(html)


@pytest.mark.parametrize("task", ["semantic", "instance"])
@pytest.mark.parametrize("names", [("person", "dog", "cake", "car", "cat"), EIGHTY, HOSTILE])
def test_the_page_loads_nothing_and_runs_its_own_script_alone(make_run, task, names):
    html, parsed = read(make_run(task, names))
    assert_runs_only_its_own_script(html)
    assert not {"link", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in parsed.tags}
    for tag, attributes in parsed.tags:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert (attributes.get("src") or "data:").startswith("data:")
        for link in ("href", "xlink:href"):
            assert (attributes.get(link) or "#").startswith("#")
        assert "http" not in (attributes.get("style") or "")
    styles = re.findall(r"<style>.*?</style>", html, re.DOTALL)
    assert len(styles) == 1
    assert "url(" not in styles[0]
    assert "@import" not in styles[0]


def test_hostile_names_are_shown_as_text(make_run):
    run = make_run("instance", HOSTILE)
    (run / "figures" / "panels.json").write_text(
        json.dumps([{"file": "<img src=x>/../\u202e.png", "caption": "<b>bold</b>"}]), encoding="utf-8"
    )
    (run / "recipe.yaml").write_text("name: </code></pre><script>alert(2)</script>", encoding="utf-8")
    html, parsed = read(run)
    assert_runs_only_its_own_script(html)
    assert "<b>" not in html
    assert not parsed.named("img")
    text = "".join(parsed.text)
    for shown in (*HOSTILE, "<b>bold</b>", "alert(2)"):
        assert shown in text


def test_names_that_utf8_cannot_hold_are_written_escaped(make_run):
    run = make_run(names=("dog\udc80", "cat"))
    assert "\\udc80" in write_page(run).read_text(encoding="utf-8")


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_the_page_is_well_formed_and_accessible(make_run, task):
    html, parsed = read(make_run(task))
    assert html.startswith("<!DOCTYPE html>")
    assert not parsed.unbalanced
    assert not parsed.open
    assert parsed.named("html") == [{"lang": "en"}]
    assert len(parsed.named("title")) == 1
    assert len(parsed.named("h1")) == 1
    assert all(attributes.get("alt") for attributes in parsed.named("img"))
    assert all(attributes.get("scope") in {"row", "col"} for attributes in parsed.named("th"))
    assert all(attributes.get("aria-label") for attributes in parsed.named("svg"))
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids)), "ids of several figures do not meet"


def test_headline_protocol_and_absent_scores(make_run):
    html, parsed = read(make_run())
    text = " ".join(parsed.text)
    assert "0.613" in text
    assert "From one confusion matrix of all pixels." in text
    assert "background prediction scores 0.142" in text
    row = re.search(r'<th scope="row">cake</th>(.*?)</tr>', html[html.index("Per class, best first") :], re.DOTALL)
    assert row is not None
    assert row[1].count('<td class="none">–</td>') == 4
    assert "nan" not in text.lower().split()


def test_eighty_classes_share_two_figures(make_run):
    _, parsed = read(make_run("semantic", EIGHTY))
    assert len([a for a in parsed.named("svg") if a["aria-label"].startswith("Instances per class")]) == 2


def test_the_figures_of_the_scores_are_on_the_page_and_in_files(make_run):
    run = make_run()
    _, parsed = read(run)
    labels = " ".join(attributes["aria-label"] for attributes in parsed.named("svg"))
    assert "Confusion matrix of the validation split" in labels
    assert "Calibration on the validation split" in labels
    text = " ".join(parsed.text)
    assert "0.123" in text
    assert "0.247" in text
    for name in ("confusion-validation", "reliability-validation"):
        assert (run / "figures" / f"{name}.svg").read_text(encoding="utf-8").startswith("<svg")
        assert (run / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_many_classes_have_a_table_of_confusions_instead_of_a_matrix(make_run):
    run = make_run(names=EIGHTY)
    html, _ = read(run)
    assert "Largest confusions" in html
    assert not list((run / "figures").glob("confusion*"))


def test_a_run_that_measured_neither_boundaries_nor_calibration_has_a_page_without(make_run):
    run = make_run()
    scores = json.loads((run / "scores.json").read_text())["validation"]
    for key in ("boundary_mIoU", "calibration", "confusion"):
        del scores[key]
    for entry in scores["classes"].values():
        del entry["boundary_IoU"]
    (run / "scores.json").write_text(json.dumps({"validation": scores}))
    html, parsed = read(run)
    assert "boundary IoU" not in html
    assert "ECE" not in html
    assert not parsed.unbalanced
    assert not list((run / "figures").glob("*.svg"))


def test_no_file_is_written_outside_the_run(make_run):
    run = make_run()
    scores = json.loads((run / "scores.json").read_text())
    (run / "scores.json").write_text(json.dumps({"/../../stray": scores["validation"]}))
    before = sorted(run.parent.rglob("*"))
    read(run)
    written = [run / name for name in ("report.html", "tables.md", "tables.tex")]
    page = run / "figures" / "page"
    kept = [page, *page.glob("*.svg"), *page.glob("*.webp")]
    assert sorted(run.parent.rglob("*")) == sorted([*before, *written, *kept])


@pytest.mark.parametrize("missing", [*[(name,) for name in OPTIONAL], OPTIONAL, ("figures/panels/0001.png",)])
def test_what_is_not_there_yet_is_named(make_run, missing):
    run = make_run()
    for name in missing:
        (run / name).unlink()
    _, parsed = read(run)
    text = " ".join("".join(parsed.text).split())
    for name in missing:
        assert name in text
    assert not parsed.unbalanced


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_part_that_holds_nothing_is_not_called_missing(make_run, name):
    run = make_run()
    (run / name).write_text({"metrics.csv": "epoch,train/loss\n", "figures/panels.json": "[]"}.get(name, "{}"))
    _, parsed = read(run)
    assert f"{name} holds none" in " ".join("".join(parsed.text).split())


def test_a_card_of_three_keys_is_enough(make_run):
    run = make_run()
    for name in OPTIONAL:
        (run / name).unlink()
    (run / "card.json").write_text(json.dumps({"name": "bare", "task": "instance", "classes": []}))
    _, parsed = read(run)
    assert "names no data" in " ".join(parsed.text)


def test_counts_that_do_not_add_up_are_pointed_at(make_run):
    run = make_run()
    card = json.loads((run / "card.json").read_text())
    assert "Every instance read was either used or skipped" in read(run)[0]
    card["data"]["train"]["counts"]["used"] = 90
    (run / "card.json").write_text(json.dumps(card))
    assert "The counts of train do not add up" in read(run)[0]
    del card["data"]["train"]["counts"]
    (run / "card.json").write_text(json.dumps(card))
    assert "The counts of train were not recorded" in read(run)[0]


def test_the_same_run_gives_the_same_page(make_run):
    run = make_run("instance")
    assert write_page(run).read_bytes() == write_page(run).read_bytes()


def test_a_failure_leaves_the_old_page_and_no_rest(make_run, monkeypatch):
    run = make_run()
    old = write_page(run).read_bytes()
    before = sorted(run.iterdir())

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(page.Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_page(run)
    assert (run / "report.html").read_bytes() == old
    assert sorted(run.iterdir()) == before


def test_a_folder_without_a_card_is_refused_and_nothing_is_written(make_run):
    run = make_run()
    (run / "card.json").unlink()
    with pytest.raises(DataError, match=r"no card\.json"):
        write_page(run)
    assert not (run / "report.html").exists()


def test_reports_and_drawings_do_not_import_torch():
    code = "import sys, maskwright.reports.run.page, maskwright.images.draw; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_both_parts_stand_beside_each_other_on_the_page(make_run, task):
    run = make_run(task)
    before = read(run)[0]
    assert "Training beside validation" not in before
    assert "Overfitting" not in before
    (run / "metrics.csv").write_text(measured_metrics(task))
    html, parsed = read(run)
    text = " ".join("".join(parsed.text).split())
    assert "Training beside validation" in text
    assert "Overfitting: the validation loss was lowest after epoch 1 (1.000)" in text
    labels = [attributes["aria-label"] for attributes in parsed.named("svg")]
    assert "Loss per epoch: training, validation" in labels
    curves = {"semantic": ["IoU", "Dice", "accuracy"], "instance": ["mask AP", "box AP"]}[task]
    for quantity in curves:
        assert f"{quantity} per epoch: person, dog, cake" in labels
    assert html.count("<svg") == before.count("<svg") + len(curves) + 1
    assert not parsed.unbalanced


def test_the_page_of_an_instance_run_shows_what_lies_behind_ap(make_run):
    run = make_run("instance")
    html, parsed = read(run)
    text = " ".join("".join(parsed.text).split())
    for title in ("Beyond AP", "Per class at a threshold", "Errors and what they cost", "Worst images"):
        assert title in text
    assert "0.637" in text
    for name in ("precision-recall", "reliability", "confusion"):
        for suffix in ("svg", "png"):
            assert (run / "figures" / f"{name}-validation.{suffix}").is_file()
    assert html.count("<svg") == 5 + 1
    assert not parsed.unbalanced


def test_an_instance_run_of_before_still_renders(make_run):
    run = make_run("instance")
    scores = json.loads((run / "scores.json").read_text())["validation"]
    kept = {key: scores[key] for key in ("bbox", "segm", "classes", "protocol")}
    kept["classes"] = {name: {"segm": 0.4, "bbox": 0.5, "instances": 9} for name in kept["classes"]}
    (run / "scores.json").write_text(json.dumps({"validation": kept}))
    (run / "predictions" / "validation" / "curves.json").unlink()
    _, parsed = read(run)
    text = "".join(parsed.text)
    assert "mask AP" in text
    assert "Beyond AP" not in text
    assert not parsed.unbalanced
    assert not list((run / "figures").glob("*.svg"))
