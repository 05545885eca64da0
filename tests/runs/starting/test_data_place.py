from pathlib import Path

import pytest

from maskwright.errors import DataError, UsageError
from maskwright.runs.starting.data_place import DataPlace

PLACE = DataPlace(Path("out/.part/mine-data"), Path("out/mine-data"))


def test_files_of_the_folder_move_and_others_stay() -> None:
    assert PLACE.moved(PLACE.now / "coco" / "labels.json") == Path("out/mine-data/coco/labels.json")
    assert PLACE.moved(Path("photos/labels.json")) == Path("photos/labels.json")


@pytest.mark.parametrize("kind", [DataError, UsageError])
def test_errors_name_files_by_where_they_will_be(kind: type[DataError | UsageError]) -> None:
    with pytest.raises(kind) as raised, PLACE.named():
        raise kind(f"{PLACE.now}/labels.json: no image here.", "photos: looked there too")
    assert raised.value.lines == ("out/mine-data/labels.json: no image here.", "photos: looked there too")
