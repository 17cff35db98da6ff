"""A model that learns a contrast more is held against the one before: forgetting does not pass."""

import json
from pathlib import Path

import pytest

from softcord.app.config.compose import compose
from softcord.app.verbs.drift import main as drift
from softcord.app.verbs.model import main as model
from softcord.app.verbs.phantom import main as phantom
from softcord.app.verbs.train import main as train

QUICK = (
    *("phantom=tiny", "train.epochs=1", "train.patches_per_image=2"),
    *("augment=none", "machine.threads=1", "machine.jobs=1", "machine.accelerator=cpu"),
)


def test_the_experiment_adds_a_contrast_to_those_before_in_small_steps() -> None:
    config = compose("experiment=lifelong", "train.start_from=synthetic-v2").config
    assert config["contrasts"] == ["T1w", "T2w", "dwi"]
    assert config["train"]["start_from"] == "synthetic-v2"
    assert config["train"]["learning_rate"] == 0.0003


@pytest.mark.slow
def test_an_update_that_changes_nothing_passes_and_one_that_forgets_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert phantom(["phantom=tiny", "phantom.seed=7", "data.root=frozen"]) == 0
    update = ("experiment=lifelong", "train.start_from=synthetic-v2", *QUICK)
    gate = (
        "--against",
        "synthetic-v2",
        "--data",
        "frozen",
        "--contrasts",
        "T1w",
        "-device",
        "cpu",
    )
    assert train([*update, "train.learning_rate=1e-8", "variant=still"]) == 0
    (still,) = Path("outputs/lifelong").glob("*still*/model")
    assert drift([str(still), *gate, "-o", "still"]) == 0
    assert train([*update, "train.learning_rate=0.05", "contrasts=[dwi]", "variant=forgot"]) == 0
    (forgot,) = Path("outputs/lifelong").glob("*forgot*/model")
    assert drift([str(forgot), *gate, "-o", "forgot"]) in (5, 6)
    assert model(["promote", "synthetic-v2", "cord@best"]) == 0
    assert model(["promote", str(still), "cord@best", "-drift", "still/drift.json"]) == 0
    capsys.readouterr()
    assert model(["show", "cord@best"]) == 0
    assert json.loads(Path("still/drift.json").read_text())["sentence"] in capsys.readouterr().out
