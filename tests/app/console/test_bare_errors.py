"""Whatever is odd in a command is one line that says what, with the promised exit code; nothing hangs."""

import importlib
import os
import shutil
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from softcord.app.main import main
from softcord.io.nifti import write_volume

LONG = "x" * 300
AFFINE = np.diag([-1.0, 1.0, 2.0, 1.0])
NOBODY = 65534
BIDS = ("data=bids", "data.root=bids", "contrasts=[T2w]", "machine.jobs=1")

# The command, its exit code, and what its line says.
ODD: dict[str, tuple[tuple[str, ...], int, str]] = {
    "a list for a split": (("check", *BIDS, "split=[1]"), 2, "split=[1]: there is no such option"),
    "a list for a recipe": (("check", *BIDS, "train=[0,0,0]"), 2, "train=[0,0,0]: there is no such option"),
    "a list for a share": (("check", *BIDS, "split.train=[0,0,0]"), 2, "split.train: Input should"),
    "a word for settings": (("check", *BIDS, "volumes=x"), 2, "volumes: has settings of its own"),
    "a long option": (("check", *BIDS, f"loss={LONG}"), 2, "there is no such option"),
    "a long key": (("check", *BIDS, f"{LONG}=1"), 2, "is not a known key"),
    "a long study": (("check", *BIDS, f"study={LONG}"), 2, "at most 120 name a folder"),
    "a long folder": (("check", *BIDS, f"paths.outputs={LONG}"), 1, "File name too long. Choose a shorter"),
    "a long root": (("check", f"data.root={LONG}", *BIDS[:1]), 1, "File name too long. Choose a shorter"),
    "a long image": (("predict", "-i", LONG, "-o", "o.nii.gz"), 3, f"{LONG}: cannot be read (File name too"),
    "a long mask": (("measure", "-i", LONG), 3, f"{LONG}: cannot be read (File name too long)"),
    "a long table": (("measure", "-i", "m.nii.gz", "-o", LONG), 1, "File name too long. Choose a shorter"),
    "a long package": (("predict", "-i", "m.nii.gz", "-m", LONG), 1, "File name too long. Choose a shorter"),
    "a word for a port": (("ui", "-port", "x"), 2, "invalid int value: 'x'"),
    "a port beyond all": (("ui", "-store", "store", "-port", "99999"), 2, "-port: must be between 1 and"),
    "no verb of study": (("study", "x"), 2, "invalid choice: 'x'"),
    "no task of correct": (("correct", "bids"), 2, "softcord correct: needs either -next or -take"),
    "drafts again, of none": (("correct", "bids", "-take", "-again"), 2, "-again: says which drafts -next"),
    "a damaged run.json": (("study", "status"), 0, "s/odd: counts as no run: its run.json is damaged"),
    "an unknown type": (("measure", "-i", "type.nii"), 3, "type.nii: is not a readable NIfTI image"),
    "no rotation": (("measure", "-i", "turn.nii"), 3, "turn.nii: does not say where it is"),
    "no magic": (("predict", "-i", "magic.nii", "-o", "o.nii.gz"), 3, "its header is not that of a single"),
    "odd codes": (("measure", "-i", "codes.nii", "-o", "codes.csv"), 0, ""),
    "odd scaling": (("measure", "-i", "scale.nii", "-o", "scale.csv"), 0, ""),
}  # fmt: skip
# The same of files and folders that may not be read or written.
CLOSED: dict[str, tuple[tuple[str, ...], int, str]] = {
    "a mask": (("measure", "-i", "no.nii.gz", "-o", "open/a.csv"), 3, "no.nii.gz: cannot be read (Perm"),
    "a mask's folder": (("measure", "-i", "no/m.nii.gz", "-o", "open/a.csv"), 3, "no/m.nii.gz: cannot"),
    "a folder of masks": (("measure", "-path-data", "no", "-o", "open/a.csv"), 3, "no: may not be read"),
    "disc labels": (
        ("measure", "-i", "m.nii.gz", "-vert", "2", "-discfile", "no.nii.gz", "-o", "open/a.csv"),
        3, "no.nii.gz: cannot be read (Permission denied)",
    ),
    "an image": (("predict", "-i", "no.nii.gz", "-o", "open/o.nii.gz"), 3, "no.nii.gz: cannot be read (Perm"),
    "a mask's place": (
        ("predict", "-i", "m.nii.gz", "-o", "shut/o.nii.gz"), 1, "shut/o.nii.gz: cannot be written (Perm",
    ),
    "a table's place": (
        ("measure", "-i", "m.nii.gz", "-o", "shut/a.csv"), 2, "-o shut/a.csv: cannot be written (Perm",
    ),
    "results": (("check", *BIDS, "paths.outputs=shut/o"), 1, "shut/o: Permission denied. Check its"),
    "a dataset": (("check", "data=bids", "data.root=no"), 1, "/no: Permission denied. Check its permissions"),
    "a package's place": (
        ("export", "-m", "synthetic-v2", "-o", "shut/p.zip"), 1, "shut/p.zip: cannot be written (Perm",
    ),
    "derivatives": (
        ("bids", "bids", "shut", "participant"), 1, "shut/dataset_description.json: Permission denied. Check",
    ),
    "run.json": (("study", "status", "closed"), 0, "counts as no run: its run.json may not be read"),
}  # fmt: skip


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A dataset, a mask, odd copies of its file, and files and folders that are closed."""
    # Not in pytest's own folder, which every pytest that starts closes to others.
    with tempfile.TemporaryDirectory() as made:
        fill(folder := Path(made).resolve())
        yield folder


def fill(folder: Path) -> None:
    mask = np.zeros((6, 6, 4), np.float32)
    mask[2:4, 2:4] = 1
    write_volume(folder / "m.nii.gz", mask, AFFINE)
    for who in ("sub-01", "sub-02", "sub-03"):
        write_volume(folder / f"bids/{who}/anat/{who}_T2w.nii.gz", mask, AFFINE)
    write_volume(folder / "whole.nii", mask, AFFINE)
    fields = {
        "type": ("<h", 70, (1536,)),
        "turn": ("<hh3f", 252, (1, 0, 0.9, 0.9, 0.9)),  # a qform alone
        "magic": ("4s", 344, (b"XXX",)),
        "codes": ("<h", 252, (99,)),
        "scale": ("<2f", 112, (float("inf"), float("nan"))),
    }
    for name, (kind, start, values) in fields.items():
        content = bytearray((folder / "whole.nii").read_bytes())
        struct.pack_into(kind, content, start, *values)
        (folder / f"{name}.nii").write_bytes(content)
    (folder / "store").mkdir()
    (folder / "store/mlflow.db").touch()
    for study in ("s", "closed"):
        (folder / f"outputs/{study}/odd").mkdir(parents=True)
        (folder / f"outputs/{study}/odd/run.json").write_text("{")
    shutil.copy(folder / "m.nii.gz", folder / "no.nii.gz")
    for name, mode in (("no", 0), ("shut", 0o555), ("open", 0o777)):
        (folder / name).mkdir()
        (folder / name).chmod(mode)
    for name in ("no.nii.gz", "outputs/closed/odd/run.json"):
        (folder / name).chmod(0)
    folder.chmod(0o755)


def said_by(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    """Run a command; return its exit code and its lines on standard error, those of its log left out."""
    try:
        code = main(list(words))
    except SystemExit as stop:
        code = int(stop.code or 0)
    lines = capsys.readouterr().err.splitlines()
    return code, [line for line in lines if not line[:2].isdigit()]


@pytest.mark.parametrize("how", ODD)
def test_what_is_odd_is_one_line(
    how: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    words, code, what = ODD[how]
    found, lines = said_by(words, capsys)
    lines = [line for line in lines if "outputs/closed" not in line]
    assert (found, len(lines)) == (code, bool(what)), lines
    assert what in "".join(lines)
    assert all(line.startswith("softcord") and "SOFTCORD_TRACEBACK" not in line for line in lines)


@pytest.fixture
def as_nobody(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Work without the rights of root, who may read everything."""
    monkeypatch.chdir(place)
    if os.geteuid():
        yield
        return
    importlib.import_module(
        "matplotlib.font_manager"
    )  # nobody may not read Python's own folder in root's home
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)


@pytest.mark.usefixtures("as_nobody")
@pytest.mark.parametrize("how", CLOSED)
def test_what_may_not_be_read_or_written_is_one_line_with_a_way_out(
    how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words, code, what = CLOSED[how]
    found, lines = said_by(words, capsys)
    assert (found, len(lines)) == (code, 1), lines
    assert what in lines[0]
    assert "SOFTCORD_TRACEBACK" not in lines[0]
