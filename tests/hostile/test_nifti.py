"""No image, however damaged, is more than one line: no traceback, no other code, no half-written file."""

import json
import resource
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from softcord.app.verbs.check import main as check
from softcord.app.verbs.measure import main as measure
from softcord.app.verbs.predict import main as predict
from softcord.app.verbs.prepare import main as prepare
from softcord.io.header import open_nifti
from softcord.io.nifti import read_volume, write_volume
from softcord.nets.unet import UNet
from softcord.predict.package import Model, ModelDescription, NetDescription, write_package
from tests.hostile.harness import CORPUS, MAX_BYTES, MAX_S
from tests.hostile.hostile_nifti import SHAPE, write

# How many are tried: in every run of the tests, and before a release.
FAST = {"measure": 130, "predict": 60, "check": 60, "prepare": 30}
ALL = {"measure": 700, "predict": 300, "check": 500, "prepare": 500}
AMOUNTS = [pytest.param(FAST, id="some"), pytest.param(ALL, id="all", marks=pytest.mark.exhaustive)]


def seeds(verb: str, amount: dict[str, int]) -> list[int]:
    """Seeds of inputs that once failed with this verb, and those from 0 on."""
    kept = CORPUS / f"nifti/{verb}.txt"
    return [*(map(int, kept.read_text().split()) if kept.exists() else ()), *range(amount[verb])]


@pytest.fixture(autouse=True)
def bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing takes more than 2 GB on top of what is loaded."""
    monkeypatch.chdir(tmp_path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < MAX_BYTES


def one_line_or_nothing(said: str, seed: object) -> None:
    assert "Traceback" not in said, (seed, said)
    assert "SOFTCORD_TRACEBACK" not in said, (seed, said)
    assert "Error" not in said, (seed, said)
    assert all(line.startswith("softcord: ") for line in said.splitlines()), (seed, said)


def no_half_written(folder: Path) -> None:
    left = [path for path in folder.rglob("*") if path.name.startswith(".") or path.suffix == ".part"]
    assert not left


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    arguments = {"features": [2, 4], "strides": [[1, 1, 1], [2, 2, 2]], "convs_per_stage": 1}
    net = UNet((2, 4), ((1, 1, 1), (2, 2, 2)), convs_per_stage=1)
    described = NetDescription("softcord.nets.unet.UNet", arguments)
    model = Model(net, ModelDescription("soft_all", described, (16, 16, 16), "clip"))
    return write_package(tmp_path_factory.mktemp("study") / "run" / "model", model)


@pytest.mark.parametrize("amount", AMOUNTS)
def test_measure_says_one_line_or_measures(
    amount: dict[str, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = set()
    for seed in seeds("measure", amount):
        mask = write(tmp_path / f"in/{seed}.nii{'.gz' if seed % 2 else ''}", seed, is_mask=True)
        started, output = time.process_time(), tmp_path / f"out/{seed}.csv"
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            code = measure(["-i", str(mask), "-o", str(output)])
        said = capsys.readouterr().err
        one_line_or_nothing(said, seed)
        assert time.process_time() - started < MAX_S, seed
        assert (code, output.exists()) in ((0, True), (3, False)), (seed, code, said)
        if code == 0:
            areas = pd.read_csv(output).query("metric == 'csa_mm2'")["value"]
            assert not np.isinf(areas).any(), seed
        codes.add(code)
    assert codes == {0, 3}
    no_half_written(tmp_path)


@pytest.mark.parametrize("amount", AMOUNTS)
def test_predict_says_one_line_or_writes_a_whole_mask(
    amount: dict[str, int], package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = set()
    for seed in seeds("predict", amount):
        image = write(tmp_path / f"in/{seed}.nii{'.gz' if seed % 2 else ''}", seed, is_mask=False)
        started, output = time.process_time(), tmp_path / f"out/{seed}.nii.gz"
        output.parent.mkdir(exist_ok=True)
        code = predict(["-i", str(image), "-m", str(package), "-o", str(output), "-v", "0"])
        said = capsys.readouterr().err
        one_line_or_nothing(said, seed)
        assert time.process_time() - started < MAX_S, seed
        assert code in (0, 3), (seed, code, said)
        if output.exists():
            assert np.array_equal(read_volume(output).affine, open_nifti(image).affine)
            assert json.loads((tmp_path / f"out/{seed}.json").read_text())["Sources"] == [image.name]
        else:
            assert code == 3, (seed, said)
        codes.add(code)
    assert codes == {0, 3}
    no_half_written(tmp_path)


def dataset(root: Path, chosen: list[int]) -> Path:
    """A participant for each seed: of an odd one the image, else the mask is hostile."""
    plain = np.zeros(SHAPE, dtype=np.float32)
    plain[5:9, 5:10] = 1
    affine = np.diag([-1.0, 1, 2, 1])
    for number, seed in enumerate(chosen):
        who = f"sub-{number:04}"
        image = root / f"{who}/anat/{who}_T2w.nii.gz"
        mask = root / f"derivatives/labels/{who}/anat/{who}_T2w_label-SC_seg.nii.gz"
        write_volume(image, plain * 3 + np.random.default_rng(seed).random(SHAPE, np.float32), affine)
        write_volume(mask, plain.astype(np.uint8), affine)
        write(image if seed % 2 else mask, seed, is_mask=seed % 2 == 0)
    return root


@pytest.mark.parametrize("amount", AMOUNTS)
@pytest.mark.parametrize("verb", ["check", "prepare"])
def test_a_dataset_of_them_is_checked_and_prepared_to_its_end(
    verb: str, amount: dict[str, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = seeds(verb, amount)
    root = dataset(tmp_path / "bids", chosen)
    started = time.process_time()
    words = ["data=bids", f"data.root={root}", "contrasts=[T2w]", "gt.reference=T2w", "machine.jobs=1"]
    code = (check if verb == "check" else prepare)(words)
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "SOFTCORD_TRACEBACK" not in said
    assert "Error:" not in said
    assert code == 3
    assert (time.process_time() - started) / len(chosen) < MAX_S
    no_half_written(root)
    if verb == "check":
        findings = pd.read_csv(
            next(Path("outputs/check").glob("*/findings.tsv")), sep="\t", keep_default_na=False
        )
        assert not findings["detail"].str.contains("Error:").any()
        assert (findings["severity"] == "error").sum() > len(chosen) / 5
    else:
        written = sorted(root.glob("derivatives/labels_softseg*/sub-*/anat/*_softseg.nii.gz"))
        assert len(written) > len(chosen) / 5
        for path in written:
            assert read_volume(path).data.max() <= 1
