"""Disc labels carried to other contrasts."""

import numpy as np

from softcord.gt.build import build_participant
from softcord.gt.settings import GtSettings
from softcord.io.nifti import Volume

# slices of the T2w grid below: 0.8 mm each, the middle at z = 0
DISCS = {2: 55, 3: 38, 4: 20, 5: 3}


def scanner_mm(volume):
    voxels = np.argwhere(volume.data > 0)
    order = np.argsort(volume.data[tuple(voxels.T)])
    return (volume.affine[:3, :3] @ voxels[order].T + volume.affine[:3, 3:]).T


def test_discs_follow_the_cord_into_other_contrasts(cord, tilt):
    segs = {
        "T2w": cord((40, 36, 60), (0.8, 0.8, 0.8)),
        "T1w": cord((34, 34, 60), (1.0, 1.0, 1.0), lambda z: (2.0, -1.0)),
        "dwi": cord((34, 34, 7), (0.9, 0.9, 5.0), lambda z: (-3.0, 1.0), turn=tilt(8)),
    }
    data = np.zeros(segs["T2w"].data.shape, dtype=np.float32)
    for number, k in DISCS.items():
        data[20, 28, k] = number
    discs = {"T2w": Volume(data, segs["T2w"].affine)}
    carried = build_participant(segs, list(segs), GtSettings(), discs=discs).discs
    assert set(carried) == {"T1w", "dwi"}
    assert set(np.unique(carried["T1w"].data)) == {0, *DISCS}
    start = scanner_mm(discs["T2w"])
    # within half a voxel along each axis of where the cord went
    np.testing.assert_allclose(scanner_mm(carried["T1w"]) - start, [[2.0, -1.0, 0.0]] * 4, atol=0.51)
    # the stack ends before discs 2 and 5
    assert set(np.unique(carried["dwi"].data)) == {0, 3, 4}
    apart = scanner_mm(carried["dwi"]) - start[1:3]
    np.testing.assert_allclose(apart[:, :2], [[-3.0, 1.0]] * 2, atol=0.9)
    assert np.abs(apart[:, 2]).max() <= 2.5 + 0.1


def test_t1w_discs_serve_where_t2w_has_none(cord):
    segs = {
        "T2w": cord((40, 36, 60), (0.8, 0.8, 0.8)),
        "T1w": cord((34, 34, 60), (1.0, 1.0, 1.0), lambda z: (2.0, -1.0)),
    }
    data = np.zeros(segs["T1w"].data.shape, dtype=np.float32)
    data[17, 25, 30] = 3
    discs = {"T1w": Volume(data, segs["T1w"].affine)}
    carried = build_participant(segs, list(segs), GtSettings(), discs=discs).discs
    assert set(carried) == {"T2w"}
    np.testing.assert_allclose(
        scanner_mm(carried["T2w"]) - scanner_mm(discs["T1w"]), [[-2.0, 1.0, 0.0]], atol=0.41
    )
