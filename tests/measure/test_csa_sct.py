"""Mode "sct" against the Spinal Cord Toolbox's own values on real masks."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from softcord.io.nifti import Volume, read_volume
from softcord.measure.csa import csa_per_slice
from softcord.measure.levels import levels_from_discs, levels_from_image
from tests.measure.drawn_cords import draw_cord, tilted

pytestmark = pytest.mark.real
REFERENCES = (
    "sub-gm9418_T2star",
    "sub-gm9584_T2star",
    "sub-gm9709Ses1_T2star",
    "sub-gm9709Ses2_T2star",
    "sub-sctA_T1w",
    "sub-sctB_T2w",
    "sub-sctC_T2star",
    "sub-sctD_flip-1_mt-off_MTS",
    "sub-sctD_flip-1_mt-on_MTS",
    "sub-unf01_T1w",
    "sub-unf01_T2star",
    "sub-unf01_T2w",
)


def label(shared_data: Path, image: str, ending: str) -> Volume:
    who = image.partition("_")[0]
    folder = shared_data / "real-mini" / "derivatives" / "labels" / who / "anat"
    return read_volume(folder / f"{image}_{ending}.nii.gz")


@pytest.mark.parametrize("image", REFERENCES)
def test_sct_mode_agrees_with_sct(shared_data: Path, image: str) -> None:
    reference = pd.read_csv(shared_data / "sct-reference" / f"{image}_label-SC_seg.csv")
    reference = reference[reference["kind"] == "slice"].reset_index(drop=True)
    mask = label(shared_data, image, "label-SC_seg")
    measured = csa_per_slice(mask, mode="sct")
    measured = measured.dropna(subset="area_mm2").reset_index(drop=True)
    assert measured["slice"].tolist() == reference["slice"].astype(int).tolist()

    in_plane = np.array(sorted(mask.spacing_mm)[:2]) if min(mask.spacing_mm) < 1 else np.array([1.0, 1.0])
    is_multiple = np.allclose(in_plane / 0.1, np.round(in_plane / 0.1), atol=1e-4)
    mean_bar, slice_bar = (0.0005, 0.004) if is_multiple else (0.004, 0.01)
    assert abs(measured["area_mm2"].mean() / reference["area_mm2"].mean() - 1) <= mean_bar
    assert (measured["area_mm2"] / reference["area_mm2"] - 1).abs().max() <= slice_bar
    for ours, scts in (("angle_ap_deg", "angle_AP_deg"), ("angle_rl_deg", "angle_RL_deg")):
        assert (measured[ours] - reference[scts]).abs().max() <= 0.001
    assert (measured["length_mm"] - reference["length_mm"]).abs().max() <= 1e-4


def test_c2_c3_of_sub_sctb_by_level_image_and_by_discs(shared_data: Path) -> None:
    mask = label(shared_data, "sub-sctB_T2w", "label-SC_seg")
    areas = csa_per_slice(mask, mode="sct")["area_mm2"]
    by_image = levels_from_image(label(shared_data, "sub-sctB_T2w", "label-vertebrae_dseg"))
    by_discs = levels_from_discs(mask, label(shared_data, "sub-sctB_T2w", "label-discs_dlabel"))
    assert areas[by_image.slices_of((2, 3))].mean() == pytest.approx(79.34305, rel=5e-4)
    assert areas[by_discs.slices_of((2, 3))].mean() == pytest.approx(78.44107, rel=5e-4)


@pytest.mark.parametrize("file", ["sub-sctB_T2w_discfile", "sub-sctB_T2w_label-SC_seg"])
def test_every_slice_of_sub_sctb_has_scts_level(shared_data: Path, file: str) -> None:
    reference = pd.read_csv(shared_data / "sct-reference" / f"{file}.csv")
    reference = reference[reference["kind"] == "slice"]
    mask = label(shared_data, "sub-sctB_T2w", "label-SC_seg")
    if "discfile" in file:
        levels = levels_from_discs(mask, label(shared_data, "sub-sctB_T2w", "label-discs_dlabel"))
    else:
        levels = levels_from_image(label(shared_data, "sub-sctB_T2w", "label-vertebrae_dseg"))
    expected = [int(level) if level == level else 0 for level in reference["level"]]
    assert levels.level.tolist() == expected


def test_ringing_lifts_scts_area_and_not_ours(shared_data: Path) -> None:
    mask = label(shared_data, "sub-sctB_T2w", "label-SC_seg")
    ringing = mask.data.copy()
    ringing[0] = np.minimum(ringing[0], 0)
    corner = np.unravel_index(0, mask.data.shape)
    ringing[corner[0], :, corner[2]] = -0.1  # one voxel below 0 in every axial slice
    probe = Volume(ringing, mask.affine)
    assert csa_per_slice(probe, mode="sct")["area_mm2"].mean() == pytest.approx(351.5, rel=0.06)
    assert csa_per_slice(probe)["area_mm2"].mean() == pytest.approx(77.4, rel=0.005)


def test_double_tilt_is_where_the_definitions_part() -> None:
    cord = draw_cord(tilted(20, 20), (0.8, 0.8, 0.8))
    exact = csa_per_slice(cord.softseg)["area_mm2"].mean()
    sct = csa_per_slice(cord.softseg, mode="sct")["area_mm2"].mean()
    assert sct / exact - 1 == pytest.approx(-0.0069, abs=0.001)
