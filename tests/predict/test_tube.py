"""The tube that runs through a window, among whatever else a net has marked there."""

import numpy as np

from softcord.predict.tube import find_tube
from tests.speed import assert_within


def test_ten_thousand_specks_cost_a_moment_and_hide_no_cord() -> None:
    softseg = (np.random.default_rng(0).random((96, 96, 64)) ** 2).astype(np.float32)
    softseg[40:56, 40:56] = 0  # where the cord is, nothing else
    softseg[44:52, 44:52] = 1
    tubes = []
    assert_within(0.5, lambda: tubes.append(find_tube(softseg, 1.0)))
    assert tubes[0].is_cord
    assert np.allclose(tubes[0].centres, 47.5)
    assert tubes[0].area_mm2 == 64
