"""A mask that its prediction called unsure is no mask like others, wherever it is used."""

from pathlib import Path

import numpy as np
import pytest

import softcord
from softcord.app.verbs.measure import main as measure
from softcord.io.files import write_json
from softcord.io.names import sidecar_of
from softcord.io.nifti import write_volume
from softcord.measure.table import read_measures
from softcord.predict.volume import Prediction
from softcord.review.masks import find_review_masks
from softcord.review.page import draw_masks
from softcord.rounds.candidates import candidate


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two alike images with alike masks, of which the second's is unsure."""
    cord = np.zeros((16, 16, 12), np.float32)
    cord[4:12, 4:12] = 1
    noise = np.random.default_rng(1).normal(0, 0.1, cord.shape).astype(np.float32)
    for name in ("sub-01", "sub-02"):
        write_volume(tmp_path / f"{name}/anat/{name}_T2w.nii.gz", 1 - cord + noise, np.eye(4))
        mask = tmp_path / f"derivatives/softcord-m/{name}/anat/{name}_T2w_label-SC_softseg.nii.gz"
        write_volume(mask, cord, np.eye(4))
        write_json(sidecar_of(mask), {"Quality": "normal" if name == "sub-01" else "low"})
    return tmp_path


def test_it_is_named_and_its_areas_have_a_finding(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = root / "csa.csv"
    assert measure(["-path-data", str(root / "derivatives/softcord-m"), "-o", str(table)]) == 0
    told = capsys.readouterr().err.splitlines()
    assert [("sub-02" in line, "is unsure" in line) for line in told] == [(True, True)]
    areas = read_measures(table).query("metric == 'csa_mm2'").set_index("participant_id")["findings"]
    assert {name: "unsure-mask" in words for name, words in areas.items()} == {
        "sub-01": False,
        "sub-02": True,
    }


def test_it_is_looked_at_and_corrected_first(root: Path) -> None:
    masks = find_review_masks(root)
    drawn = draw_masks(masks, root, root / "page")
    assert [one.participant for one in drawn] == ["sub-02", "sub-01"]
    assert drawn[0].reasons[0] == "no cord could be followed in the image"
    first, second = (candidate(one, {}).score for one in masks)
    assert second < 0.1 * first


def test_in_python_a_warning_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    image = softcord.Volume(np.zeros((8, 8, 8), np.float32), np.eye(4))
    made = Prediction(softcord.Volume(np.ones((8, 8, 8), np.float32), np.eye(4)), "everywhere")
    monkeypatch.setattr("softcord.api.model.predict_volume", lambda *_: made)
    with pytest.warns(UserWarning, match="no cord could be followed"):
        softcord.load_model().predict(image)
