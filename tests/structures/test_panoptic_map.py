import numpy as np

from maskwright.structures import PanopticMap, PanopticSegment


def test_a_segment_is_no_crowd_and_states_no_area_unless_told():
    segment = PanopticSegment(4, 1)
    assert (segment.crowd, segment.area) == (False, None)
    assert PanopticMap(np.array([[4]]), (segment,)).segments == (PanopticSegment(id=4, label=1),)
