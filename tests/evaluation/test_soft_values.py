"""What a mask's values mean is measured when the mask is, of the same array."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from softcord.evaluation import measure
from softcord.evaluation.image import EvaluationImage, Mask, Masks
from softcord.evaluation.measure import Wanted, mask_place, measure_masks
from softcord.evaluation.soft_values import soft_values
from softcord.io.masks import read_mask
from softcord.io.nifti import Volume, write_volume

LABELS = dict.fromkeys(("run", "method", "gt", "contrasts_trained", "loss", "seed"), "x")
AFFINE = np.diag([-1.0, 1.0, 3.0, 1.0])


def made(folder: Path, contrast: str, predicted: float) -> EvaluationImage:
    """Write an image, its soft reference and a prediction ``predicted`` times as high."""
    cord = np.zeros((16, 16, 6), np.float32)
    cord[5:11, 6:10], cord[6:10, 7:9] = 0.4, 1
    image, reference = (folder / f"sub-01_{contrast}{ending}.nii.gz" for ending in ("", "_reference"))
    one = EvaluationImage("sub-01", "n/a", contrast, image, reference, None, None, None)
    for path, data in ((image, cord + 1), (reference, cord), (mask_place(folder, one), predicted * cord)):
        write_volume(path, data.astype(np.float32), AFFINE)
    return one


def test_a_masks_values_are_those_of_its_file_which_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [made(tmp_path, "T1w", 0.9), made(tmp_path, "T2w", 0.6)]
    masks = Masks({one.image: Mask(mask_place(tmp_path, one)) for one in images})
    n_read: Counter[Path] = Counter()

    def counted(path: Path) -> Volume:
        n_read[path] += 1
        return read_mask(path)

    monkeypatch.setattr(measure, "read_mask", counted)
    measured = measure_masks(masks, images, tmp_path, Wanted((2, 3), soft_values=True), labels=LABELS)
    assert n_read == {path: 1 for one in images for path in (one.reference, mask_place(tmp_path, one))}
    from_files = soft_values(images, tmp_path, levels=(2, 3))
    assert measured.soft_values is not None
    assert from_files is not None
    pd.testing.assert_frame_equal(measured.soft_values.curves, from_files.curves)
    pd.testing.assert_frame_equal(measured.soft_values.reliability, from_files.reliability)
    rows = measured.rows[measured.rows["metric"] == "csa_bin_mm2"].set_index("contrast")
    at_half = from_files.curves[from_files.curves["threshold"] == 0.5].set_index("contrast")
    assert at_half["csa_bin_mm2"].to_dict() == rows["value"].to_dict()


def test_nobody_who_does_not_want_them_waits_for_a_masks_values(tmp_path: Path) -> None:
    one = made(tmp_path, "T1w", 0.9)
    masks = Masks({one.image: Mask(mask_place(tmp_path, one))})
    assert measure_masks(masks, [one], tmp_path, Wanted((2, 3)), labels=LABELS).soft_values is None
