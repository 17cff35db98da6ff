"""`engine=rounds`: trainings on more and more images, chosen by the last model's masks or by chance."""

from pathlib import Path

import pandas as pd
import pytest

from softcord.app.config.compose import compose
from softcord.app.config.plan import make_plan
from softcord.app.engines.start_time import one_package
from softcord.app.verbs.train import main
from softcord.predict.package import read_description
from softcord.rounds.ledger import by_round, read_ledger
from softcord.sweep.ledger import read_study
from tests.quick import QUICK, Lay

CONTRASTS = "contrasts=[T2star,MTon]"
ROUNDS = (
    *QUICK,
    *("engine=rounds", "engine.rounds=2", "engine.images_a_round=2", CONTRASTS, f"tested_{CONTRASTS}"),
    *("augment=none", "train.epochs=1"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, lay_tiny_phantom: Lay) -> Path:
    """A folder with a first model, and two studies in rounds that start with it: by score and by chance."""
    place = tmp_path_factory.mktemp("rounds")
    lay_tiny_phantom(place)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        first = (*QUICK, "augment=none", "train.epochs=1", "contrasts=T2star", "tested_contrasts=T2star")
        assert main([*first, "study=first"]) == 0
        start = f"train.start_from=first/{read_study(Path('outputs/first'))[0].name}"
        assert main(["-m", *ROUNDS, start, "study=rounds", "engine.choice=score,chance"]) == 0
    return place


def runs(folder: Path) -> dict[str, Path]:
    study = folder / "outputs/rounds"
    return {run.method.rpartition("_")[2]: study / run.name for run in read_study(study)}


def test_both_ways_learn_from_equally_many_images_and_are_named_after_their_choice(folder: Path) -> None:
    assert set(runs(folder)) == {"score", "chance"}
    for run_dir in runs(folder).values():
        table = read_ledger(run_dir / "rounds/rounds.tsv")
        assert by_round(table)[["round", "looked_at"]].drop_duplicates("round").to_numpy().tolist() == [
            [1, 2],
            [2, 2],
        ]
        assert table["image"].is_unique  # nobody is asked twice about an image
        assert (run_dir / "rounds/round1/model").is_dir()
        assert (run_dir / "model").is_dir()


def test_the_model_of_a_round_has_seen_the_chosen_images_only(folder: Path) -> None:
    for run_dir in runs(folder).values():
        table = read_ledger(run_dir / "rounds/rounds.tsv")
        for path, upto in ((run_dir / "rounds/round1/model", 1), (run_dir / "model", 2)):
            people = {name.split("_")[0] for name in table[table["round"] <= upto]["image"]}
            assert set(read_description(path).trained_on[0].train_participants) == people


def test_test_images_are_measured_after_the_last_round(folder: Path) -> None:
    for run_dir in runs(folder).values():
        measures = pd.read_csv(run_dir / "measures.csv")
        own = measures[~measures["method"].str.startswith("GT_")]
        assert (own["metric"] == "dice").sum() == 2


def test_the_same_command_again_trains_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    before = {path: path.stat().st_mtime_ns for path in (folder / "outputs").rglob("best.ckpt")}
    assert len(before) == 5
    start = f"train.start_from=first/{read_study(Path('outputs/first'))[0].name}"
    assert main(["-m", *ROUNDS, start, "study=rounds", "engine.choice=score,chance"]) == 0
    assert {path: path.stat().st_mtime_ns for path in (folder / "outputs").rglob("best.ckpt")} == before


def test_the_package_that_is_timed_is_the_runs_own_and_never_a_rounds(tmp_path: Path) -> None:
    for name in ("rounds/round1/model", "models/T2w/model"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "model.json").touch()
    assert one_package(tmp_path) == tmp_path / "models/T2w/model"
    (tmp_path / "model").mkdir()
    assert one_package(tmp_path) == tmp_path / "model"


def test_rounds_without_a_first_model_or_enough_images_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    assert main([*ROUNDS, "study=none"]) == 2
    assert "train.start_from: is missing" in capsys.readouterr().err
    start = f"train.start_from=first/{read_study(Path('outputs/first'))[0].name}"
    assert main([*ROUNDS, start, "study=none", "engine.rounds=50"]) == 3
    assert "50 rounds of 2 need 100" in capsys.readouterr().err


def test_the_experiment_compares_ways_of_choosing_with_equal_budgets() -> None:
    names = {}
    for choice in ("score", "chance"):
        plan = make_plan(compose("experiment=active_learning", f"engine.choice={choice}"))
        names[choice] = plan.method
        assert plan.config["engine"]["rounds"] * plan.config["engine"]["images_a_round"] == 10
    questions = compose("experiment=active_learning").config["compare"]["questions"]
    assert {one["reference"] for one in questions} == {names["chance"]}
