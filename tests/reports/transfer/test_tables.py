from maskwright.reports.transfer.tables import (
    difference_table,
    error_table,
    gap_table,
    model_table,
    per_class_table,
    sentences,
    signed,
    summary_table,
    transfer_tables,
    with_interval,
)
from tests.reports.transferred import numbers


def target(**options: object) -> dict:
    return numbers(**options)["targets"]["fog"]  # type: ignore[arg-type]


def cells(table, row: str) -> dict[str, str]:
    (found,) = [each for each in table.rows if each[0].startswith(row)]
    return dict(zip(table.header, found, strict=True))


def test_a_difference_bears_its_sign_and_its_interval():
    assert signed(-0.1234) == "−0.123"
    assert signed(0.5) == "+0.500"
    assert signed(None) == "–"
    assert with_interval({"value": -0.4, "low": -0.44, "high": -0.36}) == "−0.400 [−0.440, −0.360]"
    assert with_interval({"value": -0.4, "low": None, "high": None}) == "−0.400"
    assert with_interval({"value": None, "low": None, "high": None}) == "–"


def test_the_summary_has_a_row_for_each_model_and_no_source_for_a_bound():
    table = summary_table(target())
    one = cells(table, "one")
    assert (one["mask AP source"], one["mask AP target"]) == ("0.600", "0.200")
    assert one["shift"].startswith("−0.400 [")
    known = cells(table, "known (bound)")
    assert (known["mask AP source"], known["mask AP target"], known["shift"]) == ("–", "0.550", "–")
    assert "official AP" not in table.header
    assert cells(summary_table(target(on_cityscapes=True)), "one")["official AP"] == "0.125"


def test_a_model_has_masks_and_boxes_of_every_size():
    table = model_table(target()["models"]["one"])
    names = ["AP", "AP50", "AP75", "APs", "APm", "APl"]
    shown = [row[0].partition(",")[0] for row in table.rows[:12]]
    assert shown == [f"{kind} {name}" for kind in ("mask", "box") for name in names]
    assert cells(table, "mask APl")["shift"] == "–"
    assert cells(table, "box AP75")["source"] == "0.600"
    assert cells(table, "boundary IoU of found")["target"] == "0.200"


def test_classes_have_objects_shifts_and_the_official_ones_besides():
    table = per_class_table(target(on_cityscapes=True)["models"]["one"])
    disc, rider = cells(table, "disc"), cells(table, "rider")
    assert (disc["objects source"], disc["AP source"], disc["AP target"], disc["official AP50"]) == (
        "24", "0.600", "0.200", "0.125",
    )  # fmt: skip
    assert (rider["AP target"], rider["official AP"]) == ("–", "0.125")


def test_errors_say_cost_and_rate():
    miss = cells(error_table(target()["models"]["one"]), "Miss")
    assert (miss["AP50 lost source"], miss["AP50 lost target"], miss["AP50 lost shift"]) == ("0.200", "0.400", "+0.200")
    assert (miss["per 100 target"], miss["per 100 shift"]) == ("12.5", "+0.0")
    assert cells(error_table(target()["models"]["known"]), "Miss")["AP50 lost source"] == "–"


def test_models_against_each_other_and_bounds():
    found = target(on_cityscapes=True)
    table = difference_table(found["differences"])
    assert cells(table, "<other> minus one: mask AP50")["target"].startswith("+0.300")
    assert cells(table, "<other> minus one: official AP")["source"] == "–"
    assert cells(gap_table(found["gaps"]), "known minus one")["mask AP"].startswith("+0.350")


def test_the_sentences_claim_a_difference_only_where_the_interval_is_off_zero():
    assert any("<other> loses 0.300 less mask AP than one" in each for each in sentences(numbers(0.5)))
    assert any("one loses 0.200 less mask AP than <other>" in each for each in sentences(numbers(0.0)))
    assert any("do not differ significantly" in each for each in sentences(numbers(0.2)))


def test_the_tables_of_the_page_are_those_of_each_target_and_model():
    found = transfer_tables(numbers())
    models = list(target()["models"])
    titles = [each.title for each in found]
    assert titles[0] == "Models, source and fog"
    assert {f"{model} by class, source and fog" for model in models} <= set(titles)
    assert found[0].table == summary_table(target())
    assert len(set(titles)) == len(titles)
    assert all(numbers()["protocol"] in each.meaning for each in found[:2])
