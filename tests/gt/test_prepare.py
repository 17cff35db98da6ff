"""The verb, as it is typed."""

import shutil

import numpy as np
import pandas as pd
import pytest

from softcord.app.verbs.phantom import main as write_phantom
from softcord.app.verbs.prepare import main
from softcord.io.nifti import read_volume, write_volume
from softcord.measure.table import read_measures

ARGUMENTS = ["phantom=tiny", "phantom.n_participants=2", "machine.jobs=1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a phantom dataset of two participants."""
    made = tmp_path_factory.mktemp("prepare")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        assert write_phantom(ARGUMENTS) == 0
    return made


@pytest.fixture(autouse=True)
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)


def test_prepare_builds_measures_and_reports(folder, capsys):
    shutil.rmtree(
        next(folder.glob("data/phantom-tiny*")) / "derivatives" / "labels_softseg", ignore_errors=True
    )
    assert main(ARGUMENTS) == 0
    assert "report.html" in capsys.readouterr().out
    outputs = folder / "outputs" / "prepare" / "phantom-tiny" / "labels_softseg"
    assert (outputs / "report.html").stat().st_size > 10_000
    assert set(read_measures(outputs / "measures.csv")["method"]) == {"GT_hard", "GT_soft"}
    assert set(pd.read_csv(outputs / "report.csv")["status"]) == {"built"}


def test_a_second_time_everything_is_recognised(folder):
    assert main(ARGUMENTS) == 0
    assert main(ARGUMENTS) == 0
    outputs = folder / "outputs" / "prepare" / "phantom-tiny" / "labels_softseg"
    assert set(pd.read_csv(outputs / "report.csv")["status"]) == {"unchanged"}


def test_another_set_of_contrasts_makes_another_variant(folder):
    assert main(ARGUMENTS) == 0
    assert main([*ARGUMENTS, "contrasts=2", "gt.alignment=rigid"]) == 0
    found = sorted(path.name for path in folder.glob("data/phantom-tiny*/derivatives/labels_softseg*"))
    assert found[0] == "labels_softseg"
    assert found[1].startswith("labels_softseg-c2-rigid-")


def test_a_bad_participant_gives_exit_code_3_in_one_line_and_the_other_completes(folder, capsys):
    labels = next(folder.glob("data/phantom-tiny*/derivatives/labels/sub-002/anat"))
    path = labels / "sub-002_T2w_label-SC_seg.nii.gz"
    seg = read_volume(path)
    write_volume(path, seg.data * np.float32(0.5), seg.affine)
    assert main([*ARGUMENTS, "gt.trim_mm=8"]) == 3
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "1 of 2 participants have no ground truth (sub-002)" in said
    assert "not only 0 and 1" in said
    built = next(folder.glob("data/phantom-tiny*/derivatives/labels_softseg-c6-trim8mm-*"))
    assert (built / "sub-001").is_dir()
    assert not (built / "sub-002").exists()


def test_an_image_outside_the_study_need_not_be_downloaded(folder):
    image = next(folder.glob("data/phantom-tiny*/sub-001/anat/sub-001_T2star.nii.gz"))
    kept = image.rename(image.with_name("kept"))
    image.symlink_to("../../.git/annex/objects/absent")
    main(["data=bids", f"data.root={image.parents[2]}", "machine.jobs=1", "contrasts=2", "gt.trim_mm=4"])
    image.unlink()
    kept.rename(image)
    made = next(folder.glob("outputs/prepare/*/labels_softseg-c2-trim4mm-*/report.csv"))
    report = pd.read_csv(made)
    own = report[report["participant_id"] == "sub-001"]
    assert set(own["status"]) == {"built"}
    assert "T2star" not in set(own["contrast"])


def test_hard_masks_are_not_prepared(capsys):
    assert main([*ARGUMENTS, "gt=hard"]) == 2
    assert "nothing to build" in capsys.readouterr().err


def test_a_wrong_setting_is_named(capsys):
    assert main([*ARGUMENTS, "gt.trim_mm=-1"]) == 2
    assert "gt.trim_mm" in capsys.readouterr().err
