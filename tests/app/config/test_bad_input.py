"""Whatever is wrong with a dataset is a finding that names the file, from the command line; never a crash."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from softcord.app.config.compose import compose
from softcord.app.config.plan import make_plan
from softcord.app.console.terminal import start_logging
from softcord.app.inputs.training_data import open_dataset
from softcord.app.verbs.check import main as check
from softcord.app.verbs.fetch import main as fetch
from softcord.app.verbs.prepare import main as prepare
from softcord.io.nifti import write_volume
from tests.data.pointers import POINTER

IMAGE = "sub-01/anat/sub-01_T2w.nii.gz"
MASK = f"derivatives/labels/{IMAGE.replace('.nii', '_label-SC_seg.nii')}"
AFFINE = np.diag([1.0, 1.0, 2.0, 1.0])
Break = Callable[[Path], object]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two participants with T1w and T2w images and masks that are in order."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    mask = np.zeros((12, 13, 14), np.uint8)
    mask[4:8, 5:9] = 1
    for participant in ("sub-01", "sub-02"):
        for contrast in ("T1w", "T2w"):
            stem = f"{participant}/anat/{participant}_{contrast}"
            image = (rng.random(mask.shape) + 10 * mask).astype(np.float32)
            write_volume(tmp_path / f"bids/{stem}.nii.gz", image, AFFINE)
            label = tmp_path / f"bids/derivatives/labels/{stem}_label-SC_seg.nii.gz"
            write_volume(label, mask, AFFINE)
    (tmp_path / "bids/participants.tsv").write_text("participant_id\tage\nsub-01\t30\nsub-02\t40\n")
    (tmp_path / "bids/dataset_description.json").write_text('{"Name": "cord", "BIDSVersion": "1.9.0"}')
    return tmp_path / "bids"


def relink(root: Path, target: str) -> None:
    (root / IMAGE).unlink()
    (root / IMAGE).symlink_to(target)


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def move(root: Path, old: str, new: str) -> None:
    (root / new).parent.mkdir(parents=True, exist_ok=True)
    (root / old).rename(root / new)


def with_sessions(root: Path) -> None:
    move(root, IMAGE, "sub-01/ses-a/anat/sub-01_ses-a_T2w.nii.gz")


# What is done to the dataset: (how, the finding, the file or participant that it names, the exit code).
BROKEN: dict[str, tuple[Break, str, str, int]] = {
    "a link to nowhere": (lambda r: relink(r, "nowhere.nii.gz"), "image broken", "sub-01_T2w.nii.gz", 3),
    "a link of git-annex": (
        lambda r: relink(r, "../.git/annex/objects/SHA256E-s1--00.nii.gz"),
        "image not downloaded", "sub-01_T2w.nii.gz", 3,
    ),
    "a pointer file": (lambda r: (r / IMAGE).write_text(POINTER), "image not downloaded", "sub-01_T2w", 3),
    "a pointer instead of a mask": (
        lambda r: (r / MASK).write_text(POINTER), "hard mask not downloaded", "sub-01_T2w_label-SC_seg", 3,
    ),
    "no participants.tsv": (
        lambda r: (r / "participants.tsv").unlink(), "no participants.tsv", "participants.tsv", 0,
    ),
    "unknown ids": (
        lambda r: (r / "participants.tsv").write_text("participant_id\nsub-01\nsub-02\nsub-99\n"),
        "participant without folder", "participants.tsv", 0,
    ),
    "participants.tsv in another encoding": (
        lambda r: (r / "participants.tsv").write_bytes("participant_id\tname\nsub-01\té\n".encode("latin-1")),
        "participants.tsv cannot be read", "participants.tsv", 0,
    ),
    "a sidecar that is not JSON": (
        lambda r: (r / IMAGE.replace(".nii.gz", ".json")).write_text("{"),
        "sidecar is not JSON", "sub-01_T2w.json", 0,
    ),
    "a sidecar that is not text": (
        lambda r: (r / IMAGE.replace(".nii.gz", ".json")).write_bytes(b"\xff\xfe\x00"),
        "sidecar is not JSON", "sub-01_T2w.json", 0,
    ),
    "a sidecar that is a folder": (
        lambda r: (r / IMAGE.replace(".nii.gz", ".json")).mkdir(), "", "", 0,
    ),
    "two files for one contrast": (
        lambda r: shutil.copy(r / IMAGE, r / IMAGE.removesuffix(".gz")),
        "two images of a contrast", "sub-01_T2w.nii", 3,  # and the copy, which is compressed, is no .nii
    ),
    "mixed sessions": (with_sessions, "images with and without session", "sub-01", 3),
    "upper and lower case": (
        lambda r: move(r, IMAGE, "sub-01/anat/sub-01_t2w.nii.gz"),
        "upper/lower case differs", "sub-01_t2w.nii.gz", 0,
    ),
    "no derivatives": (lambda r: shutil.rmtree(r / "derivatives"), "no hard mask", "sub-01_T1w.nii.gz", 3),
    "a download that was cut off": (lambda r: cut(r / IMAGE), "unusable image", "sub-01_T2w.nii.gz", 3),
    "a mask that was cut off": (lambda r: cut(r / MASK), "unusable hard mask", "sub-01_T2w_label", 3),
    "an empty file": (lambda r: (r / IMAGE).write_bytes(b""), "image broken", "sub-01_T2w.nii.gz", 3),
    "an image that is a folder": (
        lambda r: ((r / IMAGE).unlink(), (r / IMAGE).mkdir()), "", "", 0,
    ),
    "a link in a circle": (lambda r: relink(r, "sub-01_T2w.nii.gz"), "image broken", "sub-01_T2w.nii.gz", 3),
    "a folder linked to itself": (lambda r: (r / "sub-01/anat/loop").symlink_to(r / "sub-01"), "", "", 0),
    "a name with a line break": (
        lambda r: (r / "sub-01/anat/sub-01_a\nb_T2w.nii.gz").write_bytes(b"x"), "", "", 0,
    ),
    "a name that is not UTF-8": (
        lambda r: (Path(os.fsdecode(os.fsencode(r) + b"/sub-01/anat/\xff_T2w.nii.gz"))).write_bytes(b"x"),
        "not a BIDS name", "T2w.nii.gz", 0,
    ),
}  # fmt: skip


def arguments(root: Path) -> list[str]:
    return ["data=bids", f"data.root={root}", "gt=hard", "contrasts=2", "machine.jobs=1"]


@pytest.mark.parametrize("how", BROKEN)
def test_check_names_it(how: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    break_it, what, where, code = BROKEN[how]
    break_it(root)
    assert check(arguments(root)) == code
    assert not capsys.readouterr().err
    findings = pd.read_csv(
        next(Path("outputs/check").glob("*/findings.tsv")), sep="\t", keep_default_na=False
    )
    if what:
        found = findings[findings["what"] == what]
        assert found["file"].str.contains(where, regex=False).any(), findings.to_string()
    assert next(Path("outputs/check").glob("*/check.html")).stat().st_size > 1000


@pytest.mark.parametrize("how", BROKEN)
def test_prepare_goes_on_or_says_in_one_line_what_is_wrong(
    how: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    BROKEN[how][0](root)
    code = prepare([*arguments(root)[:2], "contrasts=2", "machine.jobs=1"])
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("softcord: ")]
    assert (code, len(said)) in ((0, 0), (3, 1)), said
    assert "Error" not in "".join(said)


def test_an_unreadable_folder_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scandir = os.scandir

    def refuse(path: str) -> object:
        # Root may read everything, so a refusal has to be acted.
        if str(path).endswith("sub-01/anat"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert check(arguments(root)) == 3
    assert "unreadable folder" in capsys.readouterr().out
    assert (
        f"unreadable folder\t{root}/sub-01/anat"
        in next(Path("outputs/check").glob("*/findings.tsv")).read_text()
    )


def test_fetch_in_a_folder_that_is_no_repository_says_so(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / IMAGE).write_text(POINTER)
    assert fetch(["dataset=bids", f"root={root}", "gt=hard", "contrasts=2"]) == 1
    said = capsys.readouterr().err
    assert "sub-01_T2w.nii.gz" in said
    assert "Traceback" not in said


def test_masks_by_a_network_are_said_before_soft_labels_are_made_of_them(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sidecar = {"GeneratedBy": [{"Name": "sct_deepseg", "ModelURL": "https://example.org/model.zip"}]}
    (root / MASK.replace(".nii.gz", ".json")).write_text(json.dumps(sidecar))
    prepare([*arguments(root)[:2], "contrasts=2", "machine.jobs=1"])
    said = capsys.readouterr().err
    assert "cord: 1 hard masks are a network's predictions (sub-01_T2w_label-SC_seg.nii.gz)" in said
    assert "use release r20250310 (`softcord fetch dataset=spine_generic version=r20250310`)" in said


def test_training_on_masks_by_a_network_is_warned_of_with_the_alternative(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in [*root.rglob("sub-02_*.nii.gz")]:
        copy = Path(str(path).replace("sub-02", "sub-03"))
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    chosen = [*arguments(root), "split.hold_out_test=[sub-03]"]
    start_logging()
    open_dataset(make_plan(compose(*chosen)))
    assert "predictions" not in capsys.readouterr().err
    sidecar = {"GeneratedBy": [{"Name": "sct_deepseg", "ModelURL": "https://example.org/model.zip"}]}
    for number in (1, 2, 3):
        mask = MASK.replace("sub-01", f"sub-0{number}")
        (root / mask.replace(".nii.gz", ".json")).write_text(json.dumps(sidecar))
    open_dataset(make_plan(compose(*chosen, "reference=hard")))
    said = capsys.readouterr().err
    assert "cord: 3 hard masks are a network's predictions (sub-01_T2w_label-SC_seg.nii.gz, ...)" in said
    assert "use release r20250310" in said
    assert "or gt=soft" in said
