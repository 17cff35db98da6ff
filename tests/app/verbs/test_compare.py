import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from softcord.app.config.compose import Composed, compose
from softcord.app.config.study_settings import study_settings
from softcord.app.verbs.compare import compare_study
from softcord.errors import DataError, UsageError
from softcord.io.nifti import write_volume
from softcord.measure.metrics import METRICS
from softcord.measure.table import write_measures
from softcord.stats.claims import PaperOrder, PaperValue
from softcord.sweep.ledger import Run, record
from tests.stats.measures import make_measures
from tests.stats.morphometry.excerpt import measures_of, people_of, sessions_of

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


def test_threshold_study_and_calibration_are_measured_once_and_kept_beside_the_run(study, monkeypatch):
    monkeypatch.setattr("softcord.app.verbs.compare._log", lambda *_: None)
    add_images(study, "hard_all_SoftSeg_s1")
    assert compare_study(composed()) == 0
    page = (study / "report.html").read_text()
    assert 'id="soft-values"' in page
    assert "No predictions are at hand of soft_all." in page
    assert (study / "figures/thresholds.svg").exists()
    assert len(pd.read_csv(study / "tables/calibration.csv")) == 5  # all contrasts, and each of four
    kept = study / "hard_all_SoftSeg_s1" / "thresholds.csv"
    written = kept.stat().st_mtime_ns
    shutil.rmtree(study / "hard_all_SoftSeg_s1" / "predictions")
    assert compare_study(composed()) == 0
    assert kept.stat().st_mtime_ns == written
    assert (study / "figures/thresholds.svg").exists()
    (study / "hard_all_SoftSeg_s1" / "measures.csv").touch()  # measured again: what was kept is of before
    assert compare_study(composed()) == 0
    assert "predictions are not at hand" in (study / "report.html").read_text()
    assert not (study / "figures/thresholds.svg").exists()
    assert compare_study(composed(soft_values=0)) == 0
    assert 'id="soft-values"' not in (study / "report.html").read_text()


def test_any_measures_can_be_compared_without_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_measures(Path("elsewhere.csv"), make_measures(participants=4))
    assert compare_study(composed(measures=["elsewhere.csv"])) == 0
    assert Path("outputs/demo/comparisons.csv").exists()
    assert not Path("mlruns").exists()


@pytest.mark.parametrize(("key", "value"), [("reference", "hard"), ("split", {"seed": 16})])
def test_given_files_are_held_against_each_other_like_a_studys_runs(study, key, value):
    path = study / "soft_all_s1" / "config.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), key: value}))
    files = [str(study / run / "measures.csv") for run in ("hard_all_SoftSeg_s1", "soft_all_s1")]
    with pytest.raises(DataError, match=rf"soft_all_s1: differs from hard_all_SoftSeg_s1 in {key}"):
        compare_study(composed(measures=files))


def test_a_given_file_that_says_nothing_of_its_test_is_named_in_the_report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_measures(Path("elsewhere/measures.csv"), make_measures(participants=6))
    assert compare_study(composed(measures=["elsewhere/measures.csv"])) == 0
    assert "Nothing tells on which split" in Path("outputs/demo/report.html").read_text()


def test_seeds_of_other_settings_are_not_averaged_as_one_method(study, monkeypatch):
    monkeypatch.setattr("softcord.app.verbs.compare._log", lambda *_: None)
    for run, rate in (("soft_all_s1", 0.004), ("hard_all_SoftSeg_s1", 0.012)):
        config = yaml.safe_load((study / run / "config.yaml").read_text())
        (study / run / "config.yaml").write_text(yaml.safe_dump({**config, "train": {"learning_rate": rate}}))
        measures = pd.read_csv(study / run / "measures.csv", keep_default_na=False, na_values=["n/a"])
        write_measures(study / run / "measures.csv", measures.assign(method="soft_all").fillna("n/a"))
    assert compare_study(composed()) == 0
    row = pd.read_csv(study / "comparisons.csv").iloc[0]
    assert {row["a"], row["b"]} == {"soft_all_lr0.004", "soft_all_lr0.012"}
    assert "Runs of soft_all differ in more than the seed" in (study / "report.html").read_text()


def test_one_participant_leaves_values_without_tests_and_says_what_to_do(study, monkeypatch):
    monkeypatch.setattr("softcord.app.verbs.compare._log", lambda *_: None)
    for path in study.glob("*/measures.csv"):
        measures = pd.read_csv(path, keep_default_na=False, na_values=["n/a"])
        kept = measures[measures["participant_id"] == "sub-01"]
        write_measures(path, kept.astype({"session_id": object}).fillna({"session_id": "n/a"}))
    assert compare_study(composed(questions=[], figures=[])) == 0
    page = (study / "report.html").read_text()
    assert "One test participant: values without tests" in page
    assert "split.hold_out_test" in page
    assert not re.search(r"\bnan\b", page.partition("<main>")[2].partition("<script>")[0], re.IGNORECASE)
    assert any((study / "figures").glob("*.png"))


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
        (
            {"questions": [{"name": "q", "metric": "csa_mm2", "kind": "agreement", "correction": "holm"}]},
            r"compare\.questions\.0\.correction: is not read by a question of kind agreement",
        ),
        (
            {"questions": [{"name": "q", "metric": "dice", "margin": 0}]},
            r"compare\.questions\.0\.margin: must be above 0, got 0",
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


def write_followed(folder: Path) -> None:
    """Measures of real people with several sessions, and the tables that say who they are."""
    write_measures(folder / "measures.csv", measures_of("VUIIS-MS"))
    for name, table in (("participants", people_of("VUIIS-MS")), ("sessions", sessions_of("VUIIS-MS"))):
        table.to_csv(folder / f"{name}.tsv", sep="\t", index=False, na_rep="n/a")


def followed(**question: object) -> Composed:
    entry = {"name": "atrophy", "metric": "csa_mm2", "kind": "change", **question}
    return composed(measures=["cords/measures.csv"], questions=[entry], figures=[])


def test_change_and_precision_are_answered_from_tables_beside_the_measures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_followed(tmp_path / "cords")
    assert compare_study(followed(group="pathology", covariates=["sex"])) == 0
    rows = pd.read_csv("outputs/demo/comparisons.csv")
    assert {"HC", "MS"} <= set(rows["a"])
    assert "shows no significant change over time in MS" in Path("outputs/demo/report.html").read_text()
    assert compare_study(followed(kind="precision")) == 0
    assert "repeated sessions of one person" in Path("outputs/demo/report.html").read_text()


def test_people_come_from_a_bids_folder_if_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_followed(tmp_path / "cords")
    (tmp_path / "cords/sessions.tsv").rename(tmp_path / "cords/other.tsv")
    with pytest.raises(DataError, match="no column says when a session was"):
        compare_study(followed())
    for person, rows in sessions_of("VUIIS-MS").groupby("participant_id"):
        path = tmp_path / f"bids/{person}/{person}_sessions.tsv"
        path.parent.mkdir(parents=True)
        rows.drop(columns="participant_id").to_csv(path, sep="\t", index=False, na_rep="n/a")
    asked = followed()
    asked.config["compare"]["people"] = "bids"
    assert compare_study(asked) == 0


def test_a_participant_with_two_rows_that_differ_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_followed(tmp_path / "cords")
    people = people_of("VUIIS-MS")
    twice = pd.concat([people, people.head(1).assign(pathology="other")])
    twice.to_csv("cords/participants.tsv", sep="\t", index=False)
    with pytest.raises(DataError, match=r"participants.tsv: sub-\S+ has two rows that differ"):
        compare_study(followed(group="pathology"))


def test_a_key_that_change_does_not_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_followed(tmp_path / "cords")
    with pytest.raises(UsageError, match=r"questions.0.reference: is not read by a question of kind change"):
        compare_study(followed(reference="SCT"))
