"""A map of how sure a mask is that is damaged or somebody else's costs no more than the map."""

import logging
from pathlib import Path

import numpy as np
import pytest

from softcord.evaluation.image import EvaluationImage, Mask, Masks
from softcord.evaluation.measure import Wanted, measure_masks
from softcord.io.nifti import write_volume
from softcord.measure.files import MaskFiles, MeasureSettings, measure_file

LABELS = {
    "run": "r",
    "method": "m",
    "gt": "soft",
    "contrasts_trained": "T2w",
    "loss": "dice",
    "seed": "1",
}


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    """A mask that lies beside its image, with a map of no use: text, another grid, other values, an image."""
    cord = np.zeros((8, 8, 6), np.float32)
    cord[2:6, 2:6] = 1
    for name in ("sub-01_T2w", "sub-01_T2w_seg"):
        write_volume(tmp_path / f"{name}.nii.gz", cord, np.eye(4))
    return tmp_path / "sub-01_T2w_seg.nii.gz"


@pytest.fixture(params=["text", "grid", "values", "filled"])
def broken(request: pytest.FixtureRequest, mask: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = mask.with_name("sub-01_T2w_desc-uncertainty.nii.gz")
    if request.param == "text":
        path.write_text("nothing")
    elif request.param == "grid":
        write_volume(path, np.zeros((4, 4, 4), np.float32), np.eye(4))
    elif request.param == "filled":
        monkeypatch.setattr("softcord.io.masks.MOST_VOXELS", 200)  # the mask has 96, the map 384
        write_volume(path, np.full((8, 8, 6), 0.1, np.float32), np.eye(4))
    else:
        write_volume(path, np.full((8, 8, 6), 255, np.float32), np.eye(4))
    return path


def test_a_mask_file_is_measured_without_it_and_a_note_says_so(mask: Path, broken: Path) -> None:
    found = measure_file(MaskFiles(mask, uncertainty=broken), MeasureSettings(modes=("soft",)))
    assert found.groups["area_mm2"].item() == pytest.approx(16)
    assert found.groups["area_doubt_mm2"].isna().all()
    assert broken.name in found.notes[-1]


def test_a_mask_from_elsewhere_is_measured_without_it_and_a_warning_says_so(
    mask: Path, broken: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    image = tmp_path / "sub-01_T2w.nii.gz"
    one = EvaluationImage("sub-01", "n/a", "T2w", image, mask, None, None, None)
    with caplog.at_level(logging.WARNING, "softcord"):
        measured = measure_masks(
            Masks({image: Mask(mask)}), [one], tmp_path / "predictions", Wanted((2, 3)), labels=LABELS
        )
    table = measured.rows
    assert not measured.missing
    assert table.set_index("metric")["value"]["csa_mm2"] == pytest.approx(16)
    assert "csa_doubt_mm2" not in set(table["metric"])
    assert broken.name in caplog.text
