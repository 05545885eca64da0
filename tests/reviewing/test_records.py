import csv
from pathlib import Path

from maskwright.reviewing.records import suspect_records, suspects_csv
from maskwright.reviewing.search import find_suspects
from tests.reviewing.scenes import read, written
from tests.reviewing.test_search import CASES


def test_records_have_the_names_and_ids_of_the_file(tmp_path: Path):
    truth, results = read(*written(tmp_path, CASES["split"][0], CASES["missing"][0]))
    records = suspect_records(find_suspects(truth, results), truth, results)
    assert [each["rank"] for each in records] == [1, 2]
    assert {each["kind"] for each in records} == {"split", "missing"}
    split = next(each for each in records if each["kind"] == "split")
    assert (split["file_name"], split["image_id"], split["annotations"]) == ("1.png", 1, [103, 104])
    assert (split["label"], split["suggested"], split["score"]) == ("square", "square", 0.95)
    missing = next(each for each in records if each["kind"] == "missing")
    assert (missing["file_name"], missing["annotations"], missing["label"]) == ("2.png", [], None)


def test_the_table_has_a_line_for_each(tmp_path: Path):
    truth, results = read(*written(tmp_path, CASES["split"][0], CASES["spurious"][0]))
    records = suspect_records(find_suspects(truth, results), truth, results)
    rows = list(csv.DictReader(suspects_csv(records).splitlines()))
    assert [row["kind"] for row in rows] == [each["kind"] for each in records]
    split = next(row for row in rows if row["kind"] == "split")
    spurious = next(row for row in rows if row["kind"] == "spurious")
    assert split["annotations"] == "103 104"
    assert (spurious["suggested"], spurious["score"]) == ("", "")
