import gc

import pytest

from maskwright.evaluation.collection import no_collection


@no_collection()
def reading(fails: bool) -> bool:
    if fails:
        raise KeyError
    return gc.isenabled()


def test_collection_pauses_and_goes_on_even_after_an_error():
    assert gc.isenabled()
    assert not reading(fails=False)
    with pytest.raises(KeyError):
        reading(fails=True)
    assert gc.isenabled()


def test_collection_that_was_off_stays_off():
    gc.disable()
    try:
        reading(fails=False)
        assert not gc.isenabled()
    finally:
        gc.enable()
