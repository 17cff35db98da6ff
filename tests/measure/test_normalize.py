"""Values along the cord on the template's slices."""

import numpy as np
import pandas as pd
import pytest

from softcord.io.nifti import write_volume
from softcord.measure.files import FileMeasures, MaskFiles, MeasureSettings, measure_file
from softcord.measure.normalize import PAM50_SLICES, normalized


@pytest.fixture(scope="module")
def cone(tmp_path_factory: pytest.TempPathFactory) -> FileMeasures:
    """A cord that widens upwards, with four levels of 10 slices each."""
    folder = tmp_path_factory.mktemp("cone")
    i, j, k = np.indices((40, 40, 40))
    mask = (np.hypot(i - 20, j - 20) < 5 + 0.1 * k).astype(np.float32)
    levels = np.where(mask > 0, 5 - k // 10, 0).astype(np.float32)
    write_volume(folder / "mask.nii.gz", mask, np.eye(4))
    write_volume(folder / "levels.nii.gz", levels, np.eye(4))
    files = MaskFiles(folder / "mask.nii.gz", levels=folder / "levels.nii.gz")
    return measure_file(files, MeasureSettings(modes=("soft",), per_slice=True))


def test_each_whole_level_has_the_templates_slices(cone: FileMeasures) -> None:
    groups = normalized(cone).groups
    counts = groups.groupby("level").size().to_dict()
    assert counts == {"3": 37, "4": 37}


def test_a_level_keeps_its_first_and_last_value_and_its_mean(cone: FileMeasures) -> None:
    groups = normalized(cone).groups
    for level in ("3", "4"):
        before = cone.groups[cone.groups["level"] == level]["area_mm2"].to_numpy()
        after = groups[groups["level"] == level]["area_mm2"].to_numpy()
        assert (after[0], after[-1]) == (before[0], before[-1])
        assert after.mean() == pytest.approx(before.mean(), rel=0.01)
        assert (np.diff(after) >= -1e-9).all()


def test_levels_at_the_ends_of_the_mask_are_left_out(cone: FileMeasures) -> None:
    assert set(normalized(cone).groups["level"]) == {"3", "4"}


def test_the_templates_levels_follow_each_other_without_gap() -> None:
    spans = pd.DataFrame(PAM50_SLICES).T.sort_values(0)
    assert (spans[0].to_numpy()[1:] == spans[1].to_numpy()[:-1] + 1).all()
    assert (spans[1] - spans[0] + 1).sum() == 945
