"""Python and yaml of the pages: the one is run on small data, the other read as softcord reads it.

Those of extend.md and python.md are run by the tests that test_coverage.py names.
"""

import inspect
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import softcord
from softcord.app.config.compose import compose
from softcord.app.config.study_settings import study_settings
from softcord.data.exclude import read_exclude
from softcord.errors import SoftcordError
from softcord.io.nifti import write_volume
from softcord.report import study
from softcord.report.study import write_study
from tests.docs.blocks import Block, blocks
from tests.docs.test_coverage import RUN
from tests.stats.measures import make_measures


def of(kind: str) -> list[Block]:
    return [block for block in blocks() if block.kind == kind and block.page not in RUN]


def small_cord(folder: Path) -> None:
    """A cylinder as mask, under the name that pages give it."""
    i, j, _ = np.indices((24, 24, 10))
    softseg = (np.hypot(i - 12, j - 12) < 5).astype(np.float32)
    write_volume(folder / "t2_softseg.nii.gz", softseg, np.diag([1.0, 1.0, 3.0, 1.0]))


def small_dataset(folder: Path) -> None:
    """Two participants, images and masks, as data.md lays them out."""
    rng = np.random.default_rng(0)
    mask = np.zeros((6, 7, 8), np.float32)
    mask[2:4, 3:5] = 1
    for who in ("sub-01", "sub-02", "sub-03"):
        for contrast in ("T1w", "T2w"):
            stem = f"{who}/anat/{who}_{contrast}"
            image = (rng.random(mask.shape) + 10 * mask).astype(np.float32)
            write_volume(folder / f"my-data/{stem}.nii.gz", image, np.eye(4))
            label = folder / f"my-data/derivatives/labels/{stem}_label-SC_seg.nii.gz"
            write_volume(label, mask, np.eye(4))


def small_study(folder: Path) -> None:
    """Measures of a study of two methods."""
    path = folder / "outputs/demo/soft_all_s1/measures.csv"
    path.parent.mkdir(parents=True)
    make_measures(methods=("soft_all", "soft_all_diceCE_loss"), participants=6).to_csv(path, index=False)


class NoModel:
    """Stands for a model, which takes seconds to look at an image: python.md runs the real one."""

    def predict(self, image: str) -> softcord.Volume:
        assert image == "t2.nii.gz"
        return softcord.read_volume("t2_softseg.nii.gz")


def not_drawn(*arguments: object, **named: object) -> None:
    """Stands for the writing of a study, whose figures take seconds: tests/report/test_study.py has it."""
    inspect.signature(write_study).bind(*arguments, **named)


def test_the_python_of_every_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"README.md", "docs/data.md", "docs/ground-truth.md", "docs/measure.md", "docs/statistics.md"} == {
        block.page for block in of("python")
    }
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(softcord, "load_model", NoModel)
    monkeypatch.setattr(study, "write_study", not_drawn)
    rows = [(method, who, "T2w", "dice", 0.9) for method in "ab" for who in ("sub-01", "sub-02", "sub-03")]
    frame = pd.DataFrame(rows, columns=["method", "participant", "contrast", "metric", "value"])
    for make in (small_cord, small_dataset, small_study):
        make(tmp_path)
    for block in of("python"):
        names: dict[str, object] = {"data_frame": frame}
        exec(compile(block.text, f"{block.page}:{block.line}", "exec"), names)
        if block.page == "docs/data.md":
            assert getattr(names["split"], "test", None) == ("sub-03",)
            assert len(names["labelled"]) == 6  # type: ignore[arg-type]


def takes(text: str, folder: Path) -> None:
    """Read a yaml as what its first key says: a list of questions, an experiment, or a list of exclusions."""
    content = yaml.safe_load(text)
    if isinstance(content, list):
        content = {"compare": {"questions": content}}
    if "compare" not in content:
        (folder / "exclude.yml").write_text(text)
        assert read_exclude(folder / "exclude.yml").reasons
        return
    (folder / "experiments").mkdir(exist_ok=True)
    (folder / "experiments/of_a_page.yaml").write_text(yaml.safe_dump(content))
    study_settings(compose("experiment=of_a_page").config["compare"], "2:3")


@pytest.mark.parametrize("block", of("yaml"), ids=lambda block: f"{block.page}:{block.line}")
def test_the_yaml_of_every_page_is_one_that_softcord_takes(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    takes(block.text, tmp_path)
    wrong = re.sub(r"\bmetric:", "metrc:", block.text)
    if wrong != block.text:
        with pytest.raises(SoftcordError):
            takes(wrong, tmp_path)
