"""Who was trained on whom: told by the training lists that lie beside the measures."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from softcord.app.console.terminal import start_logging
from softcord.app.records.leakage import leakage_notes, warn_of_leakage
from softcord.data.leakage import Seen, check_images_apart, seen_participants
from softcord.data.settings import DataSettings
from softcord.data.splits import Split, read_split
from softcord.errors import DataError
from softcord.measure.table import Measure, measures_frame
from softcord.predict.package import TrainedOn
from softcord.sweep.folder import TRAINED_ON

PAPER, DRIFT = read_split("paper_seed15"), read_split("drift_seed50")


def run(folder: Path, method: str, split: Split, tested: Sequence[str], data: str = "spine_generic") -> Path:
    """A run's folder with what it was trained on and its dataset's name."""
    run_dir = folder / method
    run_dir.mkdir()
    trained = {"dataset": data, "train_participants": split.train, "val_participants": split.val}
    (run_dir / TRAINED_ON).write_text(json.dumps([trained]))
    (run_dir / "config.yaml").write_text(f"data: {{name: {data}}}\n")
    rows = [Measure(one, "T2w", "dice", 0.9, run=method, method=method) for one in tested]
    measures_frame(rows).to_csv(run_dir / "measures.csv", index=False)
    return run_dir


def notes(*run_dirs: Path) -> list[str]:
    tables = [pd.read_csv(run_dir / "measures.csv", dtype={"level": str}) for run_dir in run_dirs]
    return leakage_notes(run_dirs, pd.concat(tables, ignore_index=True))


def test_a_model_of_the_paper_s_split_tested_on_the_drift_list_has_seen_28_of_49(tmp_path: Path) -> None:
    (note,) = notes(run(tmp_path, "soft_all", PAPER, DRIFT.test))
    validated = len(set(PAPER.val) & set(DRIFT.test))
    assert note.startswith(
        f"Leakage: soft_all was trained on 28 and chose its checkpoint by {validated} of the 49 participants "
        "it meets here (sub-"
    )


def test_a_model_that_was_trained_on_the_tests_of_another_is_named_with_it(tmp_path: Path) -> None:
    paper = run(tmp_path, "soft_all", PAPER, PAPER.test)
    drift = run(tmp_path, "hard_all", DRIFT, DRIFT.test)
    of_paper, of_drift = notes(paper, drift)
    assert "soft_all was trained on 28 and" in of_paper
    assert "of the 49 test participants of hard_all" in of_paper
    share = len(set(DRIFT.train) & set(PAPER.test))
    assert f"hard_all was trained on {share} and" in of_drift
    assert "test participants of soft_all" in of_drift


def test_runs_of_one_split_or_of_other_people_of_the_same_name_do_not_leak(tmp_path: Path) -> None:
    assert not notes(*(run(tmp_path, name, PAPER, PAPER.test) for name in ("soft_all", "hard_all")))
    assert not notes(
        run(tmp_path, "here", PAPER, PAPER.test), run(tmp_path, "there", DRIFT, DRIFT.test, data="other")
    )


@pytest.mark.parametrize("content", ["", "[", '[{"dataset": "a"}]', "null", "[1]", '"x"', "\x00\xff"])
def test_a_damaged_training_list_is_named_and_clears_nobody(content: str, tmp_path: Path) -> None:
    drift = run(tmp_path, "soft_all", PAPER, DRIFT.test)
    (drift / TRAINED_ON).write_text(content)
    (note,) = notes(drift)
    assert note == (
        f"Leakage: nobody knows whom soft_all was trained on: {drift / TRAINED_ON}: is damaged. "
        "Restore it, or make the run anew to be sure."
    )


def test_a_run_that_has_lost_its_training_list_is_named_and_foreign_measures_are_not(tmp_path: Path) -> None:
    drift = run(tmp_path, "soft_all", PAPER, DRIFT.test)
    (drift / TRAINED_ON).unlink()
    assert notes(drift) == []
    (drift / "run.json").write_text("{}")
    (note,) = notes(drift)
    assert "nobody knows whom soft_all was trained on" in note


def test_participants_of_several_datasets_are_told_apart(tmp_path: Path) -> None:
    one = Split(("sub-01",), ("sub-02",), ("sub-03",))
    run(tmp_path, "both", one, ["a/sub-01", "b/sub-01"], data="several")
    trained = {"dataset": "a", "train_participants": ["sub-01"], "val_participants": []}
    (tmp_path / "both" / TRAINED_ON).write_text(json.dumps([trained]))
    (note,) = notes(tmp_path / "both")
    assert "trained on 1 of the 2 participants it meets here (sub-01)" in note


def test_another_session_of_the_same_person_is_that_person(tmp_path: Path) -> None:
    split = Split(("sub-01Ses1", "sub-02"), ("sub-03",), ("sub-01Ses2", "sub-04", "sub-05"))
    run_dir = run(tmp_path, "soft_all", split, split.test)
    assert notes(run_dir) == []
    rules = "person_pattern: '(sub-[0-9]+)Ses[0-9]+', same_person: [[sub-03, sub-04]]"
    (run_dir / "config.yaml").write_text(f"data: {{name: spine_generic, {rules}}}\n")
    (note,) = notes(run_dir)
    assert (
        "was trained on 1 and chose its checkpoint by 1 of the 3 participants it meets here (sub-01" in note
    )


def test_a_model_meets_another_session_of_whom_it_was_trained_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging()
    trained = [TrainedOn("ours", "", ("T2w",), ("sub-01Ses1",), ("sub-02",))]
    images = [("sub-01Ses2", "x"), ("sub-17", "y"), ("sub-18", "z")]
    pattern, same = r"(sub-\d+)Ses\d+", (("sub-02", "sub-17"),)
    ours, theirs = (
        DataSettings(name, tmp_path, person_pattern=pattern, same_person=same) for name in ("ours", "theirs")
    )
    warn_of_leakage("soft_all", trained, images, ours)
    said = capsys.readouterr().err
    assert "soft_all was trained on 1 and chose its checkpoint by 1 of the 3 participants" in said
    assert "(sub-01Ses2, sub-17)" in said
    warn_of_leakage("soft_all", trained, images, theirs)
    assert not capsys.readouterr().err


def test_measures_without_a_training_list_say_nothing(tmp_path: Path) -> None:
    run_dir = run(tmp_path, "soft_all", PAPER, DRIFT.test)
    (run_dir / TRAINED_ON).unlink()
    assert notes(run_dir) == []


def test_one_image_on_two_sides_is_refused_with_both_names() -> None:
    digests = {"a": "1", "b": "2", "c": "2"}
    check_images_apart({"train": ["b", "c"], "test": ["a"]}, digests.__getitem__)
    with pytest.raises(
        DataError, match=r"c: \(test\) is the same image as b \(train\)\. Exclude one of them"
    ):
        check_images_apart({"train": ["a", "b"], "test": ["c"]}, digests.__getitem__)


def test_an_image_is_recognised_under_another_name() -> None:
    trained = [TrainedOn("ours", "", ("T2w",), ("sub-01",), ("sub-02",), ("0123456789abcdef",))]
    digests = {"x.nii.gz": "0123456789abcdef" + 48 * "0", "y.nii.gz": 64 * "1"}
    images = {"sub-77": ["x.nii.gz"], "sub-78": ["y.nii.gz"], "sub-01": ["y.nii.gz"], "sub-02": []}
    assert seen_participants(trained, "theirs", images, digests.__getitem__) == Seen(("sub-77",), ())
    by_name = seen_participants(trained, "ours", images, digests.__getitem__)
    assert by_name == Seen(("sub-01", "sub-77"), ("sub-02",))
    assert not seen_participants(trained, None, {"sub-01": ["y.nii.gz"]}, digests.__getitem__)
    same_person = {"sub-78": "p", "sub-01": "p"}
    assert seen_participants(trained, "ours", images, digests.__getitem__, same_person).train == (
        "sub-01", "sub-77", "sub-78",
    )  # fmt: skip
