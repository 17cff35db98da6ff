"""Several datasets in one training, told apart everywhere although their participants have the same ids."""

import json
import os
from pathlib import Path

import pandas as pd
import pytest
import yaml

from softcord.app.config.compose import compose
from softcord.app.config.plan import Plan, make_plan
from softcord.app.inputs.training_data import counts, open_dataset
from softcord.app.verbs.check import main as check
from softcord.app.verbs.compare import main as compare
from softcord.app.verbs.phantom import main as phantom
from softcord.app.verbs.train import main as train
from softcord.errors import UsageError
from softcord.measure.table import read_measures

DATASETS = "data.datasets={a: {root: a}, b: {root: b, contrasts: [T2w], split: {hold_out_test: [sub-002]}}}"
QUICK = (
    "data=several",
    DATASETS,
    "contrasts=2",
    "gt=hard",
    "reference=hard",
    "model.features=[4,8]",
    "model.strides=[[1,1,1],[2,2,2]]",
    "train.epochs=1",
    "train.patch_size_mm=[32,48,64]",
    "machine.threads=1",
    "machine.jobs=1",
    "machine.accelerator=cpu",
    "study=several",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two datasets of three participants with the same ids and different images, and one run on both."""
    made = tmp_path_factory.mktemp("several")
    before = Path.cwd()
    os.chdir(made)
    try:
        for name, seed in (("a", 1), ("b", 2)):
            small = ("phantom=tiny", "phantom.n_participants=3", "machine.jobs=1")
            assert phantom([*small, f"phantom.seed={seed}", f"paths.data=made-{name}"]) == 0
            next(Path(f"made-{name}").glob("phantom-*")).rename(name)
        (made / "b" / "participants.tsv").write_text("participant_id\tsex\nsub-002\tF\n")
        assert train(QUICK) == 0
    finally:
        os.chdir(before)
    return made


@pytest.fixture(autouse=True)
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def plan(*overrides: str) -> Plan:
    return make_plan(compose(*(overrides or QUICK)))


def test_participants_of_one_id_stay_apart_in_split_and_measures(folder: Path) -> None:
    (run,) = (folder / "outputs/several").glob("hard_*")
    split = yaml.safe_load((run / "split.yaml").read_text())
    everybody = sorted(one for side in split.values() for one in side)
    assert everybody == [f"{name}/sub-00{i}" for name in "ab" for i in (1, 2, 3)]
    assert "b/sub-002" in split["test"]
    measured = read_measures(run / "measures.csv")
    assert set(measured["participant_id"]) == set(split["test"])


def test_each_dataset_has_its_own_split_and_contrasts(folder: Path) -> None:
    dataset = open_dataset(plan())
    trained = dataset.train.groupby("dataset")["contrast"].unique().map(set).to_dict()
    assert trained == {"a": {"T1w", "T2w"}, "b": {"T2w"}}
    alone = open_dataset(plan(*QUICK[2:], "data=bids", "data.root=a"))
    assert dataset.parts[0].split.sha256 == alone.split.sha256
    assert dataset.parts[0].identity == alone.identity != dataset.parts[1].identity
    table = counts(dataset)
    assert table.loc[("a", "T1w"), "train"] == table.loc[("b", "T2w"), "train"] == 1
    assert table.loc[("b", "T1w"), "train"] == 0


def test_predictions_of_each_dataset_are_a_derivatives_dataset(folder: Path) -> None:
    (run,) = (folder / "outputs/several").glob("hard_*")
    assert {path.name for path in (run / "predictions").iterdir()} == {"a", "b"}
    for name in "ab":
        description = json.loads((run / f"predictions/{name}/dataset_description.json").read_text())
        assert description["DatasetType"] == "derivative"
    assert len(list((run / "predictions/b/sub-002").rglob("*_label-SC_softseg.nii.gz"))) == 6


def test_the_training_log_counts_images_by_dataset_and_contrast(folder: Path) -> None:
    (run,) = (folder / "outputs/several").glob("hard_*")
    log = (run / "log.txt").read_text()
    assert "a: 1/1/1 participants to train/validate/test; images: T1w 1/1/1, T2w 1/1/1, T2star 0/0/1" in log
    assert "b: 1/1/1 participants to train/validate/test; images: T1w 0/0/1, T2w 1/1/1, T2star 0/0/1" in log


def test_compare_breaks_down_by_dataset_and_contrast(folder: Path) -> None:
    assert compare(["study=several", "compare.qc=1"]) == 0
    by_dataset = pd.read_csv("outputs/several/tables/by_dataset.csv")
    assert set(by_dataset["group"]) == {"a", "b"}
    # A net of one epoch finds no cord, and so has no CSA.
    is_csa = by_dataset["metric"].str.startswith("csa_")
    assert set(by_dataset.loc[~is_csa, "n"]) == {1}
    table = pd.read_csv("outputs/several/tables/by_dataset_and_contrast.csv")
    (run,) = (folder / "outputs/several").glob("hard_*")
    measured = read_measures(run / "measures.csv")
    ours = measured["method"].str.startswith("hard") & (measured["metric"] == "dice")
    wanted = measured[ours & (measured["participant_id"] == "b/sub-002") & (measured["contrast"] == "T2star")]
    found = table[table["method"].str.startswith("hard") & (table["metric"] == "dice")]
    found = found[(found["group"] == "b") & (found["contrast"] == "T2star")]
    assert found["mean"].item() == pytest.approx(wanted["value"].item())


def test_a_dataset_may_only_train_and_an_option_may_name_a_split(folder: Path) -> None:
    rest = [override for override in QUICK if override != DATASETS]
    only = "data.datasets={a: {root: a}, b: {root: b, split: {train: 1, val: 0, test: 0}}}"
    dataset = open_dataset(plan(*rest, only))
    assert len(dataset.parts[1].split.train) == 3
    assert not dataset.parts[1].split.test
    named = plan(*rest, "data.datasets={a: {root: a, split: paper}}")
    assert named.split_name == "paper"


def test_an_option_of_data_can_be_put_in_as_hydra_does_it(folder: Path) -> None:
    made = plan("data=several", "+data@data.datasets.public=spine_generic", "data.datasets.public.root=a")
    (source,) = made.datasets
    assert (source.data.name, str(source.data.root), len(source.data.exclude)) == ("public", "a", 24)


def test_check_looks_at_each(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(["data=several", DATASETS, "contrasts=2", "gt=hard", "check.depth=names"]) == 0
    printed = capsys.readouterr().out
    assert "outputs/check/a/check.html" in printed
    assert "outputs/check/b/check.html" in printed
    assert "participant not in participants.tsv" in printed


MISTAKES = {
    "data.datasets=null": "data.datasets: names no dataset",
    "data.datasets={a/b: {root: a}}": "data.datasets.a/b.name: 'a/b' is not of letters",
    "data.datasets={a: a}": "data.datasets.a: must be a set of keys and values",
    "data.datasets={c: {contrasts: 2}}": "data.datasets.c.root: is missing",
    "data.datasets={a: {rot: a}}": "data.datasets.a.root: is missing",
    "data.datasets={a: {root: a, exlude: []}}": "data.datasets.a.exlude: is not a known key. Did you",
    "data.datasets={a: {root: a, contrasts: [dwi]}}": "data.datasets.a.contrasts: dwi is not among",
    "data.datasets={a: {root: a, split: papr}}": "data.datasets.a.split=papr: there is no such option",
    "data.datasets={a: {root: a, split: {sead: 1}}}": "data.datasets.a.split.sead: is not a known key",
    "data.datasets={a: {root: a, split: 3}}": "data.datasets.a.split: must be an option or a set of keys",
    "+data.root=a": "data.root: is not a key of data=several",
}


@pytest.mark.parametrize("override", MISTAKES)
def test_a_mistake_is_one_line_that_names_the_key(override: str, folder: Path) -> None:
    overrides = [*QUICK, override]
    if override.startswith("data.datasets"):
        overrides.remove(DATASETS)
    with pytest.raises(UsageError) as caught:
        plan(*overrides)
    assert str(caught.value).startswith(MISTAKES[override])
