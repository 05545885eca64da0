import numpy as np

from maskwright.masks.buffers import Buffers


def test_an_array_has_the_shape_and_type_asked_for_and_can_be_written():
    buffers = Buffers()
    for shape, dtype in (((3, 4), np.uint8), ((2, 5), np.uint16), ((0, 7), np.uint8), ((6, 50), np.float64)):
        array = buffers.array("canvas", shape, dtype)
        assert (array.shape, array.dtype) == (shape, dtype)
        array[:] = 1
        assert array.flags.c_contiguous


def test_the_same_name_is_the_same_memory_while_it_suffices():
    buffers = Buffers()
    large = buffers.array("canvas", (10, 10))
    assert np.shares_memory(large, buffers.array("canvas", (5, 20)))
    assert np.shares_memory(large, buffers.array("canvas", (5, 10), np.uint16))
    assert not np.shares_memory(large, buffers.array("canvas", (10, 11)))


def test_different_names_and_different_buffers_share_nothing():
    buffers = Buffers()
    one = buffers.array("one", (10, 10))
    assert not np.shares_memory(one, buffers.array("other", (10, 10)))
    assert not np.shares_memory(one, Buffers().array("one", (10, 10)))
