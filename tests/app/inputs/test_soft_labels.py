"""Soft labels are built again when the masks they were made from changed, and only then."""

import os
from pathlib import Path

import pandas as pd
import pytest

from softcord.app.config.compose import compose
from softcord.app.config.plan import make_plan
from softcord.app.inputs import soft_labels as module
from softcord.app.inputs.soft_labels import derivatives_dir, with_soft_labels
from softcord.app.inputs.training_data import divided_participants, make_phantom
from softcord.data.labels import LABEL_OF_GT
from softcord.data.settings import read_index
from softcord.io.nifti import read_volume, write_volume


def test_content_decides_and_not_the_time_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = make_plan(compose("phantom=tiny", "phantom.n_participants=1", "contrasts=2", "machine.jobs=1"))
    make_phantom(plan)

    def soft_labels() -> dict[str, int]:
        table = with_soft_labels(plan, read_index(plan.data), plan.gt, plan.contrasts)
        return {label: os.stat(label).st_mtime_ns for label in table["soft_seg"]}

    built = soft_labels()
    mask = next(plan.data.root.glob("derivatives/labels/sub-001/anat/*_T1w_label-SC_seg.nii.gz"))
    later_s = mask.stat().st_mtime + 3600
    os.utime(mask, (later_s, later_s))
    assert soft_labels() == built

    volume = read_volume(mask)
    shifted = volume.data.copy()
    shifted[1:] = volume.data[:-1]
    write_volume(mask, shifted.astype("uint8"), volume.affine)
    os.utime(mask, (0, 0))
    again = soft_labels()
    assert again.keys() == built.keys()
    assert all(again[label] > built[label] for label in built)
    assert soft_labels() == again


def test_asking_where_labels_of_read_only_data_would_lie_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module.os, "access", lambda *_: False)
    (tmp_path / "study").mkdir()
    plan = make_plan(compose("data=bids", "data.root=study"))
    place = derivatives_dir(plan)
    assert place.relative_to(plan.paths.data_dir) == Path("derivatives/study")
    assert not plan.paths.data_dir.exists()
    assert derivatives_dir(plan, for_writing=True) == place
    assert (place / "dataset.json").exists()


@pytest.mark.parametrize(("contrasts", "who"), [("2", ["sub-01", "sub-02"]), ("6", ["sub-01"])])
def test_whoever_has_only_a_mask_trains_where_labels_are_built_and_not_beside_published_ones(
    contrasts: str, who: list[str], tmp_path: Path
) -> None:
    words = (
        "data=bids",
        f"data.root={tmp_path}",
        f"paths.data={tmp_path / 'data'}",
        f"contrasts={contrasts}",
    )
    plan = make_plan(compose(*words, "gt=soft", "split=labelled", "measured_on=val"))
    table = pd.DataFrame(
        {
            "participant_id": ["sub-01", "sub-02"],
            "contrast": "T1w",
            LABEL_OF_GT["soft"]: [str(tmp_path / "label.nii.gz"), None],
            "hard_seg": "mask.nii.gz",
        }
    )
    assert divided_participants(plan, table) == who
