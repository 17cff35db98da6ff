"""From a draft to a label: what an editor hands back, who gets it, and what the ledger says of it."""

import json
import shlex
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import softcord
from softcord.app.config.compose import compose
from softcord.app.config.plan import make_plan
from softcord.app.config.values import study_name
from softcord.app.inputs.soft_labels import with_soft_labels
from softcord.app.verbs.correct import main as correct
from softcord.app.verbs.loop import main as loop
from softcord.data.index import index_dataset
from softcord.errors import DataError
from softcord.review.masks import ReviewMask, find_review_masks
from softcord.review.ratings import Rating, add_ratings, now
from softcord.rounds.drafts import (
    draft_path,
    drafted_from,
    is_changed,
    is_from_round,
    label_path,
    take_back,
    write_draft,
)
from softcord.rounds.ledger import Looked, add_looked, by_round, read_ledger, verdict
from tests.rounds.three_masks import mask_of

# Knows the truth of the phantom and draws it: `annotator IMAGE DRAFT`.
ANNOTATOR = """
import shutil, sys
from pathlib import Path
image, draft = map(Path, sys.argv[1:])
root = image.parents[2]
truth = root / "derivatives" / "truth" / image.relative_to(root)
shutil.copy(truth.with_name(truth.name.replace(".nii.gz", "_label-SC_truth.nii.gz")), draft)
"""


def save(draft: Path, data: np.ndarray) -> None:
    softcord.write_volume(draft, data, softcord.read_volume(draft).affine)


def test_a_draft_is_no_label_until_it_is_taken(dataset: Path) -> None:
    one = mask_of(dataset, "T2w")
    write_draft(dataset, one)
    assert not is_changed(draft_path(dataset, one))
    assert index_dataset(dataset)["soft_seg"].isna().all()
    assert index_dataset(dataset)["hard_seg"].isna().all()


def test_a_mask_that_an_editor_binarised_is_soft_again_where_nothing_was_drawn(dataset: Path) -> None:
    one = mask_of(dataset, "T2w")
    draft = write_draft(dataset, one)
    predicted = softcord.read_volume(one.mask).data
    drawn = (predicted > 0.5).astype(np.uint8)
    drawn[:3, :3, :3] = 1
    save(draft, drawn)
    made = take_back(dataset, one, "Ada")
    label = softcord.read_volume(label_path(dataset, one)).data
    assert (made.taken, made.changed_voxels) == ("softened", 27)
    assert (label[:3, :3, :3] == 1).all()
    untouched = np.ones(label.shape, bool)
    untouched[:3, :3, :3] = False
    assert (label[untouched] == predicted[untouched]).all()
    sidecar = json.loads(label_path(dataset, one).with_name("sub-001_T2w_label-SC_softseg.json").read_text())
    assert sidecar["GeneratedBy"][0]["Author"] == "Ada"
    assert sidecar["GeneratedBy"][0]["ChangedVoxels"] == 27
    assert not draft.exists()


def test_a_soft_correction_is_taken_as_it_is(dataset: Path) -> None:
    one = mask_of(dataset, "T2w")
    draft = write_draft(dataset, one)
    edited = softcord.read_volume(draft).data * np.float32(0.9)
    save(draft, edited)
    assert take_back(dataset, one, "Ada").taken == "corrected"
    assert np.allclose(softcord.read_volume(label_path(dataset, one)).data, edited)


@pytest.mark.parametrize("broken", ["grid", "values", "filled"])
def test_what_cannot_be_a_correction_is_refused_and_the_draft_kept(
    dataset: Path, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = mask_of(dataset, "T2w")
    draft = write_draft(dataset, one)
    if broken == "grid":
        softcord.write_volume(draft, np.zeros((4, 5, 6), np.float32), np.eye(4))
    elif broken == "values":
        save(draft, softcord.read_volume(draft).data * 255)
    else:
        save(draft, np.ones_like(softcord.read_volume(draft).data))
        monkeypatch.setattr("softcord.io.masks.MOST_VOXELS", softcord.read_volume(draft).data.size - 1)
    content = draft.read_bytes()
    with pytest.raises(DataError, match=r"the draft was left as it is|an image rather than a mask"):
        take_back(dataset, one, "Ada")
    assert draft.read_bytes() == content
    assert not label_path(dataset, one).exists()


def later_model(root: Path, contrast: str) -> ReviewMask:
    """Let a later model make another mask of an image, in a folder of its own."""
    one = mask_of(root, contrast)
    mask = softcord.read_volume(one.mask)
    path = Path(str(one.mask).replace("softcord-m/", "softcord-later/"))
    softcord.write_volume(path, mask.data * np.float32(0.6), mask.affine)
    found = find_review_masks(root, root / "derivatives/softcord-later")
    return next(one for one in found if one.contrast == contrast)


def test_an_unchanged_draft_makes_way_for_the_mask_of_a_later_model(dataset: Path) -> None:
    draft = write_draft(dataset, mask_of(dataset, "T2w"))
    later = later_model(dataset, "T2w")
    assert write_draft(dataset, later) == draft
    assert (softcord.read_volume(draft).data == softcord.read_volume(later.mask).data).all()


def test_a_changed_draft_counts_for_the_model_it_was_made_of(dataset: Path) -> None:
    first = mask_of(dataset, "T2w")
    draft = write_draft(dataset, first)
    save(draft, softcord.read_volume(draft).data * np.float32(0.9))
    later = later_model(dataset, "T2w")
    content = write_draft(dataset, later).read_bytes()
    assert drafted_from(dataset, later).mask == first.mask
    assert draft.read_bytes() == content
    assert correct([str(dataset), "-take", "-masks", str(dataset / "derivatives/softcord-later")]) == 0
    assert list(read_ledger(dataset / "derivatives/softcord/rounds.tsv")["model"]) == ["softcord-m"]


def test_a_changed_draft_whose_mask_is_gone_stays_and_is_said(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = mask_of(dataset, "T2w")
    draft = write_draft(dataset, first)
    save(draft, softcord.read_volume(draft).data * np.float32(0.9))
    later_model(dataset, "T2w")
    first.mask.unlink()
    assert correct([str(dataset), "-take", "-masks", str(dataset / "derivatives/softcord-later")]) == 3
    assert "was made of a mask that is gone" in capsys.readouterr().err
    assert draft.exists()


def test_drafts_that_wait_are_told_and_opened_again_on_request(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [str(dataset), "--next", "2", "-no-editor"]
    assert correct(asked) == 0
    first = {line.split("  (")[0] for line in capsys.readouterr().out.splitlines() if "(quality" in line}
    assert correct(asked) == 0
    told = capsys.readouterr().out
    assert "2 drafts of before wait unchanged" in told
    assert not any(path in told for path in first)
    assert correct([*asked, "-again"]) == 0
    told = capsys.readouterr().out
    assert all(path in told for path in first)


def test_a_label_that_was_there_before_is_never_replaced(dataset: Path) -> None:
    one = mask_of(dataset, "T2w")
    save_to = label_path(dataset, one)
    truth = softcord.read_volume(one.mask)
    softcord.write_volume(save_to, truth.data, truth.affine)
    draft = write_draft(dataset, one)
    save(draft, truth.data * np.float32(0.5))
    with pytest.raises(DataError, match="a label that was there before"):
        take_back(dataset, one, "Ada")


def test_an_annotator_corrects_the_least_sure_and_the_ledger_tells(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "annotator.py").write_text(ANNOTATOR)
    monkeypatch.setenv("SOFTCORD_EDITOR", f"{sys.executable} {tmp_path / 'annotator.py'}")
    assert correct([str(dataset), "--next", "2", "-by", "Ada"]) == 0
    table = index_dataset(dataset).set_index("contrast")["soft_seg"]
    assert table.notna().to_dict() == {"T1w": True, "T2w": False, "T2star": True}  # the good one is left
    mask = "derivatives/softcord-m/sub-001/anat/sub-001_T2w_label-SC_softseg.nii.gz"
    add_ratings(
        dataset / "derivatives/softcord/qc.tsv", [Rating("sub-001_T2w", mask, "Bo", "pass", "", now())]
    )
    assert correct([str(dataset), "-take"]) == 0
    ledger = read_ledger(dataset / "derivatives" / "softcord" / "rounds.tsv").set_index("contrast")
    assert ledger["taken"].to_dict() == {"T1w": "corrected", "T2w": "accepted", "T2star": "corrected"}
    assert ledger.loc["T2star", "dice"] < 0.8
    assert ledger.loc["T2w", "dice"] == 1
    capsys.readouterr()
    assert loop(["status", str(dataset)]) == 0
    told = capsys.readouterr().out
    assert "2 of 3 masks of the last round needed correction" in told
    assert f"train experiment=train_again data.root={dataset} 'contrasts=[T1w,T2star,T2w]'" in told


@pytest.mark.parametrize(("rating", "is_asked_again"), [("fail", True), ("artefact", False)])
def test_a_mask_is_not_judged_by_what_was_said_of_the_model_before(
    rating: str, is_asked_again: bool, dataset: Path
) -> None:
    name = "sub-001_T2star"
    before = f"derivatives/softcord-earlier/sub-001/anat/{name}_label-SC_softseg.nii.gz"
    add_ratings(dataset / "derivatives/softcord/qc.tsv", [Rating(name, before, "Bo", rating, "", now())])
    assert correct([str(dataset), "--next", "3", "-no-editor"]) == 0
    assert draft_path(dataset, mask_of(dataset, "T2star")).exists() == is_asked_again


@pytest.mark.parametrize(("rating", "taken"), [("fail", "rejected"), ("artefact", "bad image")])
def test_a_mask_of_no_use_becomes_no_label(dataset: Path, rating: str, taken: str) -> None:
    mask = "derivatives/softcord-m/sub-001/anat/sub-001_T2w_label-SC_softseg.nii.gz"
    add_ratings(
        dataset / "derivatives/softcord/qc.tsv", [Rating("sub-001_T2w", mask, "Bo", rating, "", now())]
    )
    assert correct([str(dataset), "-take"]) == 0
    assert index_dataset(dataset)["soft_seg"].isna().all()
    assert list(read_ledger(dataset / "derivatives" / "softcord" / "rounds.tsv")["taken"]) == [taken]


def test_the_commands_of_the_next_round_are_those_of_a_study_that_can_be_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "my données (2)"
    add_looked(root / "derivatives/softcord/rounds.tsv", [looked(1, "a", 0.8)])
    assert loop(["status", str(root)]) == 0
    train, predict = (shlex.split(line) for line in capsys.readouterr().out.splitlines()[-2:])
    assert f"data.root={root}" in train
    (study,) = (word.removeprefix("study=") for word in train if word.startswith("study="))
    assert study_name(study) == predict[predict.index("-m") + 1] == "my-donn-es-2-round2"


def looked(number: int, image: str, dice: float, taken: str = "corrected") -> Looked:
    return Looked(number, f"m{number}", image, "T2w", taken, "3", f"{dice}", "70", "72", "60", "Ada", "")


def test_rounds_are_told_apart_and_an_image_counts_once_in_each(tmp_path: Path) -> None:
    path = tmp_path / "rounds.tsv"
    add_looked(path, [looked(1, "a", 0.8), looked(1, "b", 0.9), looked(2, "a", 0.97)])
    add_looked(path, [looked(1, "b", 0.96)])
    table = by_round(read_ledger(path))
    assert table[["round", "looked_at", "needed"]].to_numpy().tolist() == [[1, 2, 1], [2, 1, 0]]
    assert table["csa_diff_mm2"].tolist() == [2, 2]
    assert table["minutes"].tolist() == [2, 1]


def test_the_loop_ends_when_enough_masks_needed_nothing() -> None:
    good = pd.DataFrame([vars(looked(1, str(i), 0.99)) for i in range(5)])
    good = good.assign(dice=0.99, csa_predicted_mm2=70, csa_corrected_mm2=72)
    assert verdict(good).endswith("you may stop.")
    assert "look at 5 at least" in verdict(good.head(2))
    assert "1 of 5" in verdict(good.assign(taken=["rejected"] + ["accepted"] * 4))


def test_masks_of_people_whom_the_model_has_learnt_from_do_not_say_that_it_is_good_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of another contrast or session: the person's own cord has trained it."""
    path = tmp_path / "derivatives/softcord/rounds.tsv"
    people = [f"sub-{i}" for i in range(5)]
    add_looked(path, [looked(1, f"{one}_T2w", 0.8) for one in people])
    add_looked(path, [looked(2, f"{one}_T1w", 0.99) for one in people])
    ledger = read_ledger(path)
    assert by_round(ledger)["seen"].tolist() == [0, 5]
    assert "look at 5 at least of people of whom no round before has a label" in verdict(ledger)
    add_looked(path, [looked(2, f"sub-9{i}_T1w", 0.99) for i in range(5)])
    assert verdict(read_ledger(path)).endswith("you may stop.")
    assert loop(["status", str(tmp_path)]) == 0
    assert "seen" in capsys.readouterr().out


def test_a_bad_image_is_no_reason_to_train_again_nor_to_stop(tmp_path: Path) -> None:
    add_looked(tmp_path / "rounds.tsv", [looked(1, str(i), 0.99, "accepted") for i in range(5)])
    add_looked(tmp_path / "rounds.tsv", [Looked(1, "m1", "x", "T2w", "bad image")])
    bad = read_ledger(tmp_path / "rounds.tsv")
    why = "Dice under 0.95; CSA changed by 2.0 mm² on average"
    assert verdict(bad) == f"None of 5 masks of the last round needed correction ({why}): you may stop."
    assert by_round(bad)[["looked_at", "needed", "rejected"]].to_numpy().tolist() == [[6, 0, 0]]
    assert "look at 5 at least" in verdict(bad.tail(5))


def test_a_ledger_edited_into_nonsense_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rounds.tsv").write_text("round\timage\nx\ty\n")
    with pytest.raises(DataError, match="is no ledger of rounds"):
        read_ledger(tmp_path / "rounds.tsv")


def test_training_takes_corrected_labels_as_they_are_and_builds_none_beside_them(
    dataset: Path, tmp_path: Path
) -> None:
    one = mask_of(dataset, "T2w")
    draft = write_draft(dataset, one)
    save(draft, softcord.read_volume(draft).data * np.float32(0.9))
    take_back(dataset, one, "Ada")
    assert is_from_round(label_path(dataset, one))
    assert not is_from_round(one.mask)
    plan = make_plan(compose("data=bids", f"data.root={dataset}", f"paths.data={tmp_path / 'data'}"))
    table = index_dataset(dataset)
    found = with_soft_labels(plan, table, plan.gt, ("T2w",))
    assert found["soft_seg"].notna().to_list() == table["soft_seg"].notna().to_list()
    assert sorted(path.name for path in (dataset / "derivatives").glob("labels_softseg*")) == [
        "labels_softseg"
    ]
