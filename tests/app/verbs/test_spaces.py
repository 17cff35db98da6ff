"""The space of an image, verb by verb: what is odd about a header is said, and never a number without it."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from softcord.app.config.compose import compose
from softcord.app.config.plan import make_plan
from softcord.app.console.terminal import start_logging
from softcord.app.inputs.training_data import open_dataset
from softcord.app.verbs.check import main as check
from softcord.app.verbs.evaluate import main as evaluate
from softcord.app.verbs.measure import main as measure
from softcord.app.verbs.predict import main as predict
from softcord.app.verbs.prepare import main as prepare
from softcord.app.verbs.train import main as train
from softcord.evaluation.image import EvaluationImage, Mask, Masks
from softcord.evaluation.measure import Wanted, measure_masks
from softcord.io.nifti import read_volume
from softcord.measure.table import read_measures
from softcord.nets.unet import UNet
from softcord.predict.package import Model, ModelDescription, NetDescription, write_package
from tests.io.nifti_files import PLAIN, column, header_of, write_nifti

BRIEF = ("train.epochs=1", "machine.threads=1", "machine.accelerator=cpu")
HALVED = PLAIN * [[0.5], [0.5], [1], [1]]
ZEROS = {f"srow_{one}": [0, 0, 0, 0] for one in "xyz"}


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    arguments = {"features": [2, 4], "strides": [[1, 1, 1], [2, 2, 2]], "convs_per_stage": 1}
    net = UNet((2, 4), ((1, 1, 1), (2, 2, 2)), convs_per_stage=1)
    described = NetDescription("softcord.nets.unet.UNet", arguments)
    model = Model(net, ModelDescription("soft_all", described, (16, 16, 16), "clip"))
    return write_package(tmp_path_factory.mktemp("study") / "run" / "model", model)


def measured(path: Path, *more: str) -> pd.DataFrame:
    assert measure(["-i", str(path), "-o", "csa.csv", *more]) == 0
    table = pd.read_csv("csa.csv", keep_default_na=False)
    return table[table["metric"] == "csa_mm2"]


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def test_measure_says_which_form_an_area_is_by_where_the_other_is_another_size(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = measured(write_nifti(tmp_path / "mask.nii.gz", column(), qform=HALVED))
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert "mask.nii.gz: qform and sform disagree (voxels of 0.5 x 0.5 x 2 and 1 x 1 x 2 mm" in said[0]
    assert "the sform is used" in said[0]
    assert float(table["value"].iloc[0]) == 16
    assert table["space"].iloc[0] == "sform, qform differs"
    assert "qform and sform disagree" in table["findings"].iloc[0]
    plain = measured(write_nifti(tmp_path / "mask.nii.gz", column(), sform=None, qform=HALVED))
    assert (float(plain["value"].iloc[0]), plain["space"].iloc[0]) == (4, "qform")
    assert capsys.readouterr().err == ""


def test_measure_takes_one_volume_of_a_series_and_names_the_flag(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    series = np.stack([column(), column() / 2], axis=-1)
    path = write_nifti(tmp_path / "series.nii.gz", series)
    assert measure(["-i", str(path), "-o", "csa.csv"]) == 3
    said = capsys.readouterr().err
    assert "is a series of 2 volumes (shape 12x12x8x2). Give the mean, or -volume N" in said
    assert float(measured(path, "-volume", "1")["value"].iloc[0]) == 8
    assert measure(["-i", str(path), "-volume", "2"]) == 3
    assert "has no volume 2" in capsys.readouterr().err
    assert measure(["-i", str(path), "-volume", "-1"]) == 2
    assert "-volume: must be at least 0" in capsys.readouterr().err


def test_measure_names_the_disc_labels_that_it_does_not_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stem = tmp_path / "labels/sub-01/anat/sub-01_T2w"
    discs = np.zeros((12, 12, 8), dtype=np.uint8)
    discs[6, 6, 6], discs[6, 6, 1] = 2, 3
    write_nifti(Path(f"{stem}_label-SC_seg.nii.gz"), column())
    for name in ("label-discs_dlabel", "labels-disc-manual"):
        write_nifti(Path(f"{stem}_{name}.nii.gz"), discs)
    assert measure(["-path-data", str(tmp_path / "labels"), "-vert", "2", "-o", "csa.csv"]) == 0
    said = capsys.readouterr().err
    assert "labels-disc-manual.nii.gz: not used, but" in said
    assert "label-discs_dlabel.nii.gz" in said


@pytest.mark.parametrize("header", [{"qform": HALVED}, {"fields": ZEROS}, {"sform": None}])
def test_predict_says_what_is_odd_and_keeps_the_header(
    header: dict[str, object], package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = write_nifti(tmp_path / "t2.nii.gz", noise(18, 20, 9), **header)  # type: ignore[arg-type]
    assert predict(["-i", str(image), "-m", str(package), "-v", "0", "-largest", "0"]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "no cord" not in line]
    assert len(lines) == (0 if "sform" in header else 1)
    assert header_of(tmp_path / "t2_softseg.nii.gz") == header_of(image)


def test_predict_takes_one_volume_of_a_series(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    series = write_nifti(tmp_path / "series.nii.gz", noise(18, 20, 9, 3))
    alone = write_nifti(tmp_path / "alone.nii.gz", noise(18, 20, 9, 3)[..., 2])
    model = ["-m", str(package), "-v", "0", "-largest", "0"]
    assert predict(["-i", str(series), *model]) == 3
    assert "Give the mean, or -volume N" in capsys.readouterr().err
    assert predict(["-i", str(series), *model, "-volume", "2"]) == 0
    assert predict(["-i", str(alone), *model]) == 0
    of_series, of_alone = (read_volume(tmp_path / f"{name}_softseg.nii.gz") for name in ("series", "alone"))
    assert np.array_equal(of_series.data, of_alone.data)
    made = json.loads((tmp_path / "series_softseg.json").read_text())["GeneratedBy"][0]
    assert made["Volume"] == 2


def dataset(tmp_path: Path, **header: object) -> Path:
    """Three participants with T1w and T2w; the header of sub-01's T2w mask is another."""
    for who in ("sub-01", "sub-02", "sub-03"):
        for contrast in ("T1w", "T2w"):
            stem = f"{who}/anat/{who}_{contrast}"
            image = (column() * 3 + noise(12, 12, 8)).astype(np.float32)
            write_nifti(tmp_path / f"bids/{stem}.nii.gz", image)
            write_nifti(
                tmp_path / f"bids/derivatives/labels/{stem}_label-SC_seg.nii.gz",
                column().astype(np.uint8),
                **(header if (who, contrast) == ("sub-01", "T2w") else {}),  # type: ignore[arg-type]
            )
    return tmp_path / "bids"


def words(root: Path, gt: str = "hard") -> list[str]:
    return ["data=bids", f"data.root={root}", f"gt={gt}", "contrasts=2", "machine.jobs=1"]


def found(what: str) -> pd.DataFrame:
    findings = pd.read_csv(
        next(Path("outputs/check").glob("*/findings.tsv")), sep="\t", keep_default_na=False
    )
    return findings[findings["what"] == what]


MASK = "sub-01_T2w_label-SC_seg.nii.gz"


@pytest.mark.parametrize("depth", ["headers", "voxels"])
def test_check_finds_forms_that_disagree_and_goes_on(tmp_path: Path, depth: str) -> None:
    root = dataset(tmp_path, qform=HALVED)
    assert check([*words(root), f"check.depth={depth}"]) == 0
    (row,) = found("qform and sform disagree").to_dict("records")
    assert (row["severity"], Path(row["file"]).name) == ("warning", MASK)
    (row,) = found("label off its image").to_dict("records")
    assert (row["severity"], Path(row["file"]).name) == ("warning", MASK)


def test_a_mask_on_another_grid_is_named_and_ends_check_prepare_and_train_with_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = PLAIN + np.array([[0, 0, 0, 6.0], [0] * 4, [0] * 4, [0] * 4])
    root = dataset(tmp_path, sform=moved, qform=moved)
    assert check(words(root)) == 3
    (row,) = found("label off its image").to_dict("records")
    assert (row["severity"], Path(row["file"]).name) == ("error", MASK)
    assert "lies up to 6 mm off its image by the sform" in row["detail"]
    capsys.readouterr()
    assert prepare(words(root, "soft")) == 3
    said = capsys.readouterr().err
    assert f"sub-01 T2w: the mask {MASK} lies up to 6 mm off its image" in said
    assert train([*words(root), *BRIEF, "split.hold_out_test=[sub-03]", "split.seed=1"]) == 3
    said = capsys.readouterr().err
    assert f"{MASK}: lies up to 6 mm off its image" in said
    assert "Traceback" not in said


def test_evaluate_names_a_mask_on_another_grid_and_measures_the_others(
    tmp_path: Path, package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = PLAIN + np.array([[0, 0, 0, 6.0], [0] * 4, [0] * 4, [0] * 4])
    root = dataset(tmp_path, sform=moved, qform=moved)
    mask = root / "derivatives/labels/sub-02/anat/sub-02_T1w_label-SC_seg.nii.gz"
    shutil.copy(mask, mask.with_name("sub-02_T1w_seg-manual.nii.gz"))
    tested = [f"model={package}", "data=bids", f"data.root={root}", "reference=hard", "study=tested"]
    assert evaluate([*tested, "machine.jobs=1", "machine.accelerator=cpu"]) == 0
    said = capsys.readouterr().err
    assert f"{MASK}: lies up to 6 mm off its image" in said
    assert "sub-02_T1w_seg-manual.nii.gz (sub-02_T1w_label-SC_seg.nii.gz is used)" in said
    (missing,) = Path("outputs/tested").glob("*/missing.csv")
    assert list(pd.read_csv(missing)["participant_id"]) == ["sub-01"]
    measures = read_measures(missing.with_name("measures.csv"))
    dice = measures[measures["metric"] == "dice"].set_index(["participant_id", "contrast"])["value"]
    assert list(dice.index[dice.isna()]) == [("sub-01", "T2w")]
    assert len(dice) == 6


def test_train_and_prepare_say_in_one_line_whose_headers_are_odd_and_which_label_is_not_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = dataset(tmp_path, qform=HALVED)
    mask = root / "derivatives/labels/sub-02/anat/sub-02_T1w_label-SC_seg.nii.gz"
    shutil.copy(mask, mask.with_name("sub-02_T1w_seg-manual.nii.gz"))
    start_logging()
    open_dataset(make_plan(compose(*words(root), "split.hold_out_test=[sub-03]")))
    for said in (capsys.readouterr().err, (prepare(words(root, "soft")), capsys.readouterr().err)[1]):
        assert said.count("qform and sform disagree") == 1
        assert said.count(MASK) >= 1
        assert "sub-02_T1w_seg-manual.nii.gz (sub-02_T1w_label-SC_seg.nii.gz is used)" in said


def test_an_image_adopted_as_a_mask_is_left_out_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = dataset(tmp_path)
    images = [root / f"sub-01/anat/sub-01_{contrast}.nii.gz" for contrast in ("T1w", "T2w")]
    mask = root / "derivatives/labels/sub-01/anat/sub-01_T2w_label-SC_seg.nii.gz"
    tested = [EvaluationImage("sub-01", "n/a", one.name[7:10], one, mask, None, None, None) for one in images]
    rivals = (column() * 0.9, np.full(column().shape, 0.9, np.float32))
    masks = Masks(
        {
            image: Mask(write_nifti(tmp_path / f"rival{n}.nii.gz", data, qform=None))
            for n, (image, data) in enumerate(zip(images, rivals, strict=True))
        }
    )
    monkeypatch.setattr("softcord.io.masks.MOST_VOXELS", int(np.count_nonzero(rivals[0])))
    names = dict.fromkeys(("run", "method", "gt", "contrasts_trained", "loss", "seed"), "x")
    missing = measure_masks(masks, tested, tmp_path / "made", Wanted((2, 3)), labels=names).missing
    assert list(missing) == [images[1]]
    assert "an image rather than a mask" in missing[images[1]]


def test_prepared_and_adopted_masks_have_the_header_of_their_image(tmp_path: Path) -> None:
    root = dataset(tmp_path)
    image = root / "sub-01/anat/sub-01_T2w.nii.gz"
    fields = {"qform_code": 1, "sform_code": 3, "descrip": b"scanner", "toffset": 2}
    data = (column() * 3 + noise(12, 12, 8)).astype(np.float32)
    write_nifti(image, data, fields=fields)
    assert prepare(words(root, "soft")) == 0
    (soft,) = root.glob("derivatives/labels_softseg*/sub-01/anat/sub-01_T2w_label-SC_softseg.nii.gz")
    assert header_of(soft) == header_of(image)
    rival = write_nifti(tmp_path / "rival.nii.gz", column() * 0.9, qform=None)
    one = EvaluationImage("sub-01", "n/a", "T2w", image, soft, None, None, None)
    names = dict.fromkeys(("run", "method", "gt", "contrasts_trained", "loss", "seed"), "x")
    measure_masks(Masks({image: Mask(rival)}), [one], tmp_path / "made", Wanted((2, 3)), labels=names)
    (made,) = (tmp_path / "made").rglob("*_softseg.nii.gz")
    assert header_of(made) == header_of(image)
    assert np.allclose(read_volume(made).data, column() * 0.9)


def test_an_evaluation_has_the_column_space_where_forms_disagree(tmp_path: Path) -> None:
    images = []
    for contrast, header in (("T1w", {}), ("T2w", {"qform": HALVED})):
        image = write_nifti(tmp_path / f"sub-01_{contrast}.nii.gz", column() + 1, **header)
        mask = write_nifti(tmp_path / f"{contrast}_mask.nii.gz", column(), **header)
        images.append(EvaluationImage("sub-01", "n/a", contrast, image, mask, None, None, None))
    names = dict.fromkeys(("run", "method", "gt", "contrasts_trained", "loss", "seed"), "x")

    def evaluated(chosen: list[EvaluationImage]) -> pd.DataFrame:
        masks = Masks({one.image: Mask(one.reference) for one in chosen})
        return measure_masks(masks, chosen, tmp_path / "made", Wanted((2, 3)), labels=names).rows

    assert "space" not in evaluated(images[:1]).columns
    spaces = evaluated(images).groupby("contrast")["space"].unique().map(list)
    assert spaces["T1w"] == ["sform"]
    assert spaces["T2w"] == ["sform, qform differs"]
