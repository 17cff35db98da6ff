"""An engine is one class and one yaml, also where both lie outside of softcord."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from softcord.app.config.compose import compose
from softcord.app.config.plan import make_plan
from softcord.app.verbs.train import main
from softcord.sweep.ledger import read_study
from tests.quick import QUICK, Lay

ENGINE = '''
"""Takes the brightest voxels of an image for the cord."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from softcord.app.engine import Engine
from softcord.evaluation.image import Mask, Masks
from softcord.io.nifti import read_volume, write_volume


@dataclass(frozen=True)
class Brightest(Engine):
    share: float = 0.1

    trains: ClassVar[bool] = False
    trains_on_images: ClassVar[bool] = False
    reads: ClassVar[tuple[str, ...]] = ()
    work_folders: ClassVar[tuple[str, ...]] = ("brightest",)

    def method_name(self, words):
        return f"brightest_{self.share:g}"

    def prepare(self, plan, dataset):
        return partial(train, self.share)


def train(share, run_dir, entry, after_epoch):
    return partial(segment, share, run_dir / "brightest")


def segment(share, folder, images, predictions, on_done):
    masks = Masks()
    for image in images:
        volume = read_volume(image.image)
        mask = volume.data >= np.quantile(volume.data, 1 - share)
        path = folder / f"{image.name}.nii.gz"
        write_volume(path, mask.astype(np.float32), volume.affine)
        masks.found[image.image] = Mask(path)
        on_done(image.image.name)
    return masks
'''


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lay_tiny_phantom: Lay) -> Iterator[Path]:
    """A project's own conf/ with the yaml of the engine, and its module beside."""
    folder = tmp_path / "conf"
    (folder / "engine").mkdir(parents=True)
    (folder / "engine/brightest.yaml").write_text("_target_: made_up.Brightest\nshare: 0.1\n")
    (tmp_path / "made_up.py").write_text(ENGINE)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "made_up", raising=False)
    monkeypatch.chdir(tmp_path)
    lay_tiny_phantom(tmp_path)
    yield folder
    sys.modules.pop("made_up", None)


def test_an_engine_of_one_class_and_one_yaml_goes_through_a_study(conf: Path) -> None:
    command = ["engine=brightest", "study=made_up", "reference=hard", "contrasts=2", *QUICK]
    assert main(command) == 0
    (run,) = read_study(Path("outputs/made_up"))
    assert (run.method, run.is_complete) == ("brightest_0.1", True)
    measures = pd.read_csv(Path("outputs/made_up") / run.name / "measures.csv")
    dice = measures[(measures["method"] == "brightest_0.1") & (measures["metric"] == "dice")]["value"]
    assert len(dice) > 0
    assert dice.between(0, 1).all()
    assert list((Path("outputs/made_up") / run.name / "brightest").glob("*.nii.gz"))


def test_only_what_an_engine_reads_is_in_the_identity_of_its_runs(conf: Path) -> None:
    def identity(*overrides: str) -> str:
        return make_plan(compose("engine=brightest", *overrides)).config_hash

    assert identity() == identity("loss=dice", "train.epochs=2", "seed=5", "model.features=[4,8]")
    assert identity() != identity("engine.share=0.2")
    assert identity() != identity("levels=3")


def test_a_class_that_lacks_a_part_of_the_contract_is_refused_by_name(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking = "class Brightest:\n    reads = ()\n    trains = trains_on_images = False\n"
    lacking += "    def method_name(self, words):\n        return 'x'\n"
    lacking += "    def recorded(self, node):\n        return dict(node)\n"
    Path("made_up.py").write_text(lacking)
    (conf / "engine/brightest.yaml").write_text("_target_: made_up.Brightest\n")
    assert main(["engine=brightest", *QUICK]) == 2
    error = capsys.readouterr().err.strip()
    assert "engine._target_: is no engine: it lacks check, how, identity, load, prepare" in error
