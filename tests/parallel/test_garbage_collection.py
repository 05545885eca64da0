import gc

import pytest

from maskwright.parallel.garbage_collection import collector_paused


@pytest.fixture(autouse=True)
def collector_as_before():
    was_enabled = gc.isenabled()
    yield
    (gc.enable if was_enabled else gc.disable)()


def test_the_collector_rests_meanwhile():
    gc.enable()
    with collector_paused():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_the_collector_goes_on_after_an_error():
    gc.enable()
    with pytest.raises(KeyError), collector_paused():
        raise KeyError
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    with collector_paused(), collector_paused():
        pass
    assert not gc.isenabled()


def test_what_was_made_meanwhile_is_not_walked_as_if_it_were_young() -> None:
    with collector_paused():
        made = [[number] for number in range(5000)]
    assert gc.get_count()[0] < 5000
    assert any(each is made for each in gc.get_objects(generation=2))
