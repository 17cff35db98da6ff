"""The experiments of experiments/ that train: each from its sweep to its report, on a small phantom."""

from pathlib import Path

import pandas as pd
import pytest

from softcord.app.config.compose import compose
from softcord.app.config.study_settings import study_settings
from softcord.app.verbs.compare import main as compare
from softcord.app.verbs.train import main as train
from tests.quick import QUICK, Lay

ONE_EPOCH = (
    *QUICK,
    "train.epochs=1",
    "phantom.n_participants=10",
    "split.train=0.3",
    "split.val=0.2",
    "split.test=0.5",
)

# What each compares, and what it cannot without programs that are not softcord's.
METHODS = {
    "table1_soft_all": {"soft_all"},
    "fig4_soft_vs_hard": {"soft_all", "hard_all_SoftSeg"},
    "fig5_baselines": {
        "soft_all",
        "hard_all_SoftSeg",
        "soft_per_contrast",
        "soft_all_diceCE_loss",
        "hard_all_diceCE_loss",
    },
    "fig9_losses": {"soft_all", "soft_all_diceCE_loss"},
    "fig10_t1w_t2w_agreement": {"soft_all", "hard_all_SoftSeg"},
    "figs1_contrast_pairs": {"soft_all"},
    "figs12_contrasts_ablation": {"soft_all", "soft_T1w_T2w", "soft_T1w_T2w_dwi_T2star"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, lay_tiny_phantom: Lay) -> Path:
    made = tmp_path_factory.mktemp("experiments")
    lay_tiny_phantom(made)
    return made


@pytest.mark.slow
@pytest.mark.parametrize("name", METHODS)
def test_an_experiment_goes_from_its_sweep_to_its_report(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    # One study for all: a method that several experiments ask for is trained once.
    assert train(["-m", f"experiment={name}", "study=all", *ONE_EPOCH]) == 0
    assert compare([f"experiment={name}", "study=all", *ONE_EPOCH]) == 0
    study = folder / "outputs/all"
    settings = study_settings(compose(f"experiment={name}").config["compare"], "2:3")
    summary = pd.read_csv(study / "tables/summary.csv").set_index("method")
    assert METHODS[name] <= set(summary.index[summary["n"] == 5])
    answered = pd.read_csv(study / "comparisons.csv")["question"]
    for question in settings.questions:
        assert answered.str.startswith(question.name).any(), question.name
    for figure in settings.figures:
        drawn = study / f"figures/{figure.name}.png"
        # A net of one epoch finds no cord, and so has no CSA to draw.
        assert drawn.stat().st_size > 10_000 if drawn.exists() else figure.metric.startswith("csa_")
    claimed = pd.read_csv(study / "tables/paper_and_here.csv") if settings.claims else None
    assert claimed is None or len(claimed) == len(settings.claims)
