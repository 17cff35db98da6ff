from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from softcord.app.config.compose import Composed, compose
from softcord.app.verbs.compare import compare_study, study_settings
from softcord.errors import DataError, UsageError
from softcord.io.nifti import write_volume
from softcord.measure.metrics import METRICS
from softcord.measure.table import write_measures
from softcord.stats.expected import PaperOrder, PaperValue
from softcord.sweep.ledger import Run, record
from tests.stats.measures import make_measures

CONFIG = {**compose("study=demo").config, "paths": {"outputs": "outputs", "data": "data", "store": "mlruns"}}
OPTIONS = CONFIG["compare"] | {
    "questions": [{"name": "std", "metric": "csa_std_mm2"}],
    "figures": [{"name": "std", "kind": "methods", "metric": "csa_std_mm2"}],
    "qc": 2,
}


def composed(**changes):
    return Composed({**CONFIG, "compare": {**OPTIONS, **changes}}, {}, ())


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two finished runs of six participants, with image and prediction of one of them."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "outputs" / "demo"
    measures = make_measures(methods=("soft_all", "hard_all_SoftSeg"), participants=6, ground_truth=False)
    for run, rows in measures.groupby("run"):
        method = rows["method"].iloc[0]
        write_measures(folder / run / "measures.csv", rows)
        config = {"reference": "soft", "levels": "2:3", "data": {"root": "bids"}, "split": {"seed": 15}}
        (folder / run / "config.yaml").write_text(yaml.safe_dump(config))
        record(
            folder / run,
            Run(run, "demo", method, 1, "f" * 64, f"config of {method}", (f"gt={method}",)),
            "complete",
        )
        people = "participant_id\tdataset\tsex\n" + "".join(f"sub-0{i}\tbids\tF\n" for i in range(1, 7))
        (folder / run / "participants.tsv").write_text(people.replace("sub-02\tbids\tF", "sub-02\tbids\tn/a"))
    return folder


def add_images(folder: Path, run: str) -> None:
    mask = np.zeros((20, 20, 6), np.float32)
    mask[8:12, 8:12] = 1
    rows = []
    for i in range(1, 7):
        image = Path(f"bids/sub-0{i}/anat/sub-0{i}_T2w.nii.gz")
        label = Path(f"bids/derivatives/labels_softseg/sub-0{i}/anat/sub-0{i}_T2w_label-SC_softseg.nii.gz")
        prediction = folder / run / f"predictions/sub-0{i}/anat/sub-0{i}_T2w_label-SC_softseg.nii.gz"
        for path in (image, label, prediction):
            write_volume(path, mask, np.diag([-1.0, 1, 1, 1]))
        rows += [(f"sub-0{i}", "", contrast, image, label) for contrast in ("T1w", "T2w", "dwi", "MTon")]
    columns = ["participant_id", "session_id", "contrast", "image", "label"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / run / "test.csv", index=False)


def test_finished_runs_become_comparisons_tables_figures_report_and_store(study, capsys):
    add_images(study, "hard_all_SoftSeg_s1")
    assert compare_study(composed(breakdown=["sex"])) == 0
    printed = capsys.readouterr().out
    assert "soft_all" in printed
    assert "report.html" in printed
    page = (study / "report.html").read_text()
    assert 'id="visual-check"' in page
    assert "gt=soft_all" in page  # provenance
    assert set(pd.read_csv(study / "tables/by_sex.csv", keep_default_na=False)["group"]) == {"F", "n/a"}
    row = pd.read_csv(study / "comparisons.csv").iloc[0]
    assert (row["a"], row["b"], row["n"]) == ("hard_all_SoftSeg", "soft_all", 6)

    from softcord.track.store import open_store, open_study

    record_of_study = open_study(open_store(Path("mlruns")), "demo")
    logged = record_of_study.store.client().list_artifacts(record_of_study.parent_run_id)
    assert {"comparisons.csv", "report.html", "tables", "figures"} <= {entry.path for entry in logged}


def test_any_measures_can_be_compared_without_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_measures(Path("elsewhere.csv"), make_measures(participants=4))
    assert compare_study(composed(measures=["elsewhere.csv"])) == 0
    assert Path("outputs/demo/comparisons.csv").exists()
    assert not Path("mlruns").exists()


def test_study_without_finished_runs_says_what_to_run(study):
    for run in study.glob("*/run.json"):
        run.write_text(run.read_text().replace('"complete"', '"failed"'))
    with pytest.raises(
        DataError, match=r"has no finished run \(2 begun\)\. Run `python -m softcord.train study=demo`"
    ):
        compare_study(composed())


@pytest.mark.parametrize(("key", "value"), [("reference", "hard"), ("split", {"seed": 16})])
def test_runs_that_were_measured_differently_are_refused_by_name(study, key, value, monkeypatch):
    monkeypatch.setattr("softcord.app.verbs.compare._log", lambda *_: None)
    path = study / "soft_all_s1" / "config.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), key: value}))
    with pytest.raises(DataError, match=rf"soft_all_s1: differs from hard_all_SoftSeg_s1 in {key}"):
        compare_study(composed())
    assert not (study / "comparisons.csv").exists()
    assert compare_study(composed(allow_different=True)) == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"questions": [{"name": "q", "metrik": "dice"}]},
            r"compare\.questions\.0\.metrik: is not a known key",
        ),
        ({"questions": [{"name": "q", "metric": "dice", "kind": "x"}]}, r"compare\.questions\.0\.kind"),
        ({"questions": ["dice"]}, r"compare\.questions\.0: must be a set of keys and values"),
        (
            {"figures": [{"name": "a/../../b", "kind": "methods", "metric": "dice"}]},
            r"compare\.figures\.0\.name",
        ),
        ({"qc": -1}, r"compare\.qc: must be a whole number"),
        ({"measures": "x.csv"}, r"compare\.measures: must be a list, got 'x\.csv'"),
        ({"correction": "nope"}, r"compare\.correction"),
        ({"figures": [{"name": "f", "kind": "bars", "metric": "dice"}]}, r"compare\.figures\.0\.kind"),
    ],
)
def test_wrong_entry_is_named_with_its_place(changes, message):
    with pytest.raises(UsageError, match=message):
        study_settings({**OPTIONS, **changes}, "2:3")


def test_claims_are_means_or_orders_by_their_keys():
    claims = [
        {"source": "Table 2", "method": "soft_all", "metric": "dice", "mean": 0.96, "sd": 0.01},
        {"source": "Fig. 5", "metric": "csa_std_mm2", "lower": "soft_all", "higher": "hard_all_SoftSeg"},
    ]
    built = study_settings({**OPTIONS, "claims": claims}, "2:3").claims
    assert [type(claim) for claim in built] == [PaperValue, PaperOrder]


EXPERIMENTS = sorted(path.stem for path in (Path(__file__).parents[3] / "experiments").glob("*.yaml"))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_asks_and_shows_what_can_be_built(name):
    config = compose(f"experiment={name}", "data.root=.", "train.start_from=null").config
    settings = study_settings(config["compare"], config["levels"])
    asked = {question.metric for question in settings.questions}
    assert asked <= set(METRICS)
    assert {figure.metric for figure in settings.figures} <= set(METRICS)
    tested = {(claim.metric, type(claim)) for claim in settings.claims if not isinstance(claim, PaperValue)}
    assert {metric for metric, _ in tested} <= asked, "a claim about a test needs its question"


def test_options_hold_for_every_question_that_says_nothing_else():
    questions = [
        {"name": "a", "metric": "dice"},
        {"name": "b", "metric": "dice", "correction": "bonferroni"},
        {"name": "c", "metric": "csa_mm2", "kind": "contrasts"},
    ]
    options = {**OPTIONS, "questions": questions, "reference": "soft_all", "correction": "holm"}
    a, b, c = study_settings(options, "2:3").questions
    assert (a.reference, a.correction) == ("soft_all", "holm")
    assert b.correction == "bonferroni"
    assert c.reference is None
