from maskwright.reports.letters import display_width
from maskwright.reports.tables import Table
from maskwright.reports.terminal import text_lines


def test_names_stand_left_and_numbers_right():
    table = Table(["class", "images"], [["traffic light", "5"], ["dog", "1,200"]])
    assert text_lines(table) == ["class          images", "traffic light       5", "dog             1,200"]


def test_columns_meet_whatever_the_letters():
    lines = text_lines(Table(["class", "n"], [["自転車", "7"], ["é", "12"], ["a\tb", "3"]]))
    assert len({display_width(line) for line in lines}) == 1


def test_a_table_without_rows_has_its_header():
    assert text_lines(Table(["class", "images"], [])) == ["class  images"]
