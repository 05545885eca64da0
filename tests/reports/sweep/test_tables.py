import csv
import io
from dataclasses import replace

from maskwright.control_characters import unquote_name
from maskwright.recipes.variants import Variant
from maskwright.reports.sweep.tables import (
    conclusion,
    csv_text,
    per_class_table,
    sweep_tables,
    unfinished_variants,
    variant_table,
)
from tests.reports.swept import NAMES, a_sweep, semantic_outcome


def lines(sweep) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_text(sweep))))


def test_every_variant_has_a_row_and_the_best_is_marked():
    table = variant_table(a_sweep(), "validation")
    assert table.header == ["variant", "mean IoU", "mean Dice", "pixel accuracy", "best epoch", "training"]
    assert table.rows[0] == ["loss=ce", "0.250", "0.500", "0.900", "2", "1 min 15 s"]
    assert [row[0] for row in table.rows] == ["loss=ce", "loss=tversky", "loss=dice_ce (best)", "loss=lovasz"]
    assert set(table.rows[1][1:]) == {"–"}


def test_the_longer_of_classes_and_variants_goes_down_the_rows():
    few = per_class_table(a_sweep(), "validation")
    assert few.header == ["IoU", "ce", "dice_ce"]
    assert few.rows == [
        ["background", "0.950", "0.950"],
        ["person", "0.250", "0.500"],
        ["cake", "–", "–"],
    ]
    losses = ("ce", "focal", "tversky", "lovasz")
    many = per_class_table(a_sweep(*(semantic_outcome(loss, 0.5) for loss in losses)), "validation")
    assert many.header == ["IoU", *NAMES]
    assert [row[0] for row in many.rows] == list(losses)
    assert many.rows[0][1:] == ["0.950", "0.500", "–"]


def test_the_tables_of_the_page_are_two_for_each_part():
    found = sweep_tables(a_sweep())
    assert [each.title for each in found] == ["Variants on validation", "Classes on validation"]
    assert [each.table for each in found] == [
        variant_table(a_sweep(), "validation"),
        per_class_table(a_sweep(), "validation"),
    ]


def test_the_csv_holds_exact_scores_and_a_line_for_what_failed():
    rows = lines(a_sweep())
    assert [row["variant"] for row in rows] == ["loss=ce", "loss=tversky", "loss=dice_ce", "loss=lovasz"]
    assert [row["best"] for row in rows] == ["false", "false", "true", "false"]
    assert (rows[0]["loss"], rows[0]["part"], rows[0]["train_seconds"]) == ("ce", "validation", "75.25")
    assert float(rows[2]["IoU/person"]) == 0.5
    assert rows[2]["IoU/cake"] == ""
    assert unquote_name(rows[1]["error"]) == "The loss became nan.\nLower <lr>"
    assert rows[1]["mIoU"] == ""
    third = 1 / 3
    assert float(lines(a_sweep(semantic_outcome("ce", third)))[0]["mIoU"]) == third


def test_the_csv_has_a_line_for_each_part():
    rows = lines(a_sweep(semantic_outcome("ce", 0.5, ("validation", "test")), semantic_outcome("focal", 0.4)))
    assert [(row["variant"], row["part"]) for row in rows] == [
        ("loss=ce", "validation"),
        ("loss=ce", "test"),
        ("loss=focal", "validation"),
    ]


def test_the_conclusion_names_best_next_and_last_and_warns_of_one_seed():
    first, warning = conclusion(a_sweep(*(semantic_outcome(n, v) for n, v in (("ce", 0.2), ("focal", 0.4)))))
    assert first == "loss=focal has the highest mean IoU on validation, 0.400; loss=ce comes next with 0.200."
    assert "from seed 7" in warning
    three = a_sweep(*(semantic_outcome(n, v) for n, v in (("ce", 0.2), ("focal", 0.4), ("tversky", 0.3))))
    assert conclusion(three)[0].endswith("loss=tversky comes next with 0.300, loss=ce last with 0.200.")
    seeds = replace(semantic_outcome("ce", 0.1), variant=Variant({"seed": "3"}, ("seed=3",)))
    assert len(conclusion(a_sweep(seeds))) == 1
    assert conclusion(a_sweep(*a_sweep().outcomes[1::2])) == ["No variant has a score yet."]


def test_troubles_are_the_variants_without_scores():
    failed, waiting = unfinished_variants(a_sweep())
    assert failed == ("loss=tversky", "failed: The loss became nan.\nLower <lr>")
    assert waiting == ("loss=lovasz", "not started")
