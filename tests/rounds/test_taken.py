"""Nothing that somebody corrected or said is lost on the way to a label, and nothing else becomes one."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import softcord
from softcord.app.verbs.correct import main as correct
from softcord.data.index import index_dataset
from softcord.review.masks import find_review_masks
from softcord.review.ratings import Rating, add_ratings
from softcord.rounds import drafts
from softcord.rounds.drafts import draft_path, is_changed, label_path, take_back, taken_of, write_draft
from softcord.rounds.ledger import read_ledger
from tests.rounds.three_masks import mask_of

EDITOR = "SOFTCORD_EDITOR"


def edit(draft: Path, factor: float = 0.9) -> None:
    volume = softcord.read_volume(draft)
    softcord.write_volume(draft, volume.data * np.float32(factor), volume.affine)


def rate(root: Path, rating: str, at: str, contrast: str = "T2w") -> None:
    mask = mask_of(root, contrast).mask.relative_to(root.absolute()).as_posix()
    row = Rating(f"sub-001_{contrast}", mask, "Bo", rating, "", at)
    add_ratings(root / "derivatives/softcord/qc.tsv", [row])


def rows_of(root: Path) -> dict[str, str]:
    ledger = read_ledger(root / "derivatives/softcord/rounds.tsv")
    return dict(zip(ledger["contrast"], ledger["taken"], strict=True))


def test_an_edited_draft_is_taken_though_a_later_folder_has_no_mask_of_its_image(dataset: Path) -> None:
    one = mask_of(dataset)
    edit(write_draft(dataset, one))
    other = mask_of(dataset, "T1w").mask
    later = Path(str(other).replace("softcord-m", "softcord-later"))
    softcord.write_volume(later, softcord.read_volume(other).data, softcord.read_volume(other).affine)
    assert [found.contrast for found in find_review_masks(dataset)] == ["T1w"]
    assert correct([str(dataset), "-take"]) == 0
    assert label_path(dataset, one).exists()
    assert list(read_ledger(dataset / "derivatives/softcord/rounds.tsv")["model"]) == ["softcord-m"]


@pytest.mark.parametrize("rating", ["fail", "artefact", "correct"])
def test_a_mask_that_was_passed_and_is_judged_otherwise_later_is_no_label_any_more(
    dataset: Path, rating: str
) -> None:
    rate(dataset, "pass", "2026-01-01T00:00:00Z")
    assert correct([str(dataset), "-take"]) == 0
    assert label_path(dataset, mask_of(dataset)).exists()
    rate(dataset, rating, "2026-01-02T00:00:00Z")
    assert correct([str(dataset), "-take"]) == 0
    assert not label_path(dataset, mask_of(dataset)).exists()
    assert rows_of(dataset).get("T2w", "") == {"fail": "rejected", "artefact": "bad image"}.get(rating, "")


def test_a_label_whose_rating_was_taken_back_is_named(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rate(dataset, "pass", "2026-01-01T00:00:00Z")
    assert correct([str(dataset), "-take"]) == 0
    rate(dataset, "", "2026-01-02T00:00:00Z")
    capsys.readouterr()
    assert correct([str(dataset), "-take"]) == 0
    assert "1 label passed once, and by nobody's rating now" in capsys.readouterr().out


def test_people_who_disagree_are_said_and_the_latest_counts(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rate(dataset, "fail", "2026-01-01T00:00:00Z")
    mask = mask_of(dataset).mask.relative_to(dataset.absolute()).as_posix()
    other = Rating("sub-001_T2w", mask, "Al", "pass", "", "2026-01-02T00:00:00Z")
    add_ratings(dataset / "derivatives/softcord/qc.tsv", [other])
    assert correct([str(dataset), "-take"]) == 0
    assert "people disagree, and the latest rating counts" in capsys.readouterr().out
    assert rows_of(dataset) == {"T2w": "accepted"}


def test_a_mask_that_was_passed_and_is_to_be_corrected_after_all_is_offered(dataset: Path) -> None:
    rate(dataset, "pass", "2026-01-01T00:00:00Z")
    assert correct([str(dataset), "-take"]) == 0
    rate(dataset, "correct", "2026-01-02T00:00:00Z")
    assert correct([str(dataset), "--next", "1", "-no-editor"]) == 0
    assert draft_path(dataset, mask_of(dataset)).exists()


@pytest.mark.parametrize("rating", ["fail", "artefact"])
def test_what_was_corrected_by_hand_stays_a_label_and_in_the_ledger_whatever_its_mask_is_rated(
    dataset: Path, rating: str
) -> None:
    rate(dataset, rating, "2026-01-01T00:00:00Z")
    edit(write_draft(dataset, mask_of(dataset)))
    for _ in range(2):
        assert correct([str(dataset), "-take"]) == 0
    assert taken_of(dataset, mask_of(dataset)) == "corrected"
    assert rows_of(dataset) == {"T2w": "corrected"}


def test_a_draft_that_a_kill_left_half_written_is_none_that_somebody_edited(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it replaces the draft of an earlier model's mask, which is no correction of that."""
    first = mask_of(dataset)
    write_draft(dataset, first)
    later = replace(first, mask=first.mask.with_name("later.nii.gz"))
    mask = softcord.read_volume(first.mask)
    softcord.write_volume(later.mask, mask.data * np.float32(0.6), mask.affine)

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    for place, name in ((drafts, "write_like"), (drafts, "write_json"), (Path, "replace")):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, killed)
            with pytest.raises(Killed):
                write_draft(dataset, later)
        left = draft_path(dataset, later)
        assert not left.exists() or not is_changed(left), name
    assert not is_changed(write_draft(dataset, later))


def test_the_rim_of_what_was_erased_in_a_hard_editor_goes_with_it(dataset: Path) -> None:
    one = mask_of(dataset)
    draft = write_draft(dataset, one)
    predicted = softcord.read_volume(one.mask).data
    slices = np.flatnonzero((predicted > 0.5).any(axis=(0, 1)))
    erased = slices[: len(slices) // 2]
    drawn = (predicted > 0.5).astype(np.uint8)
    drawn[:, :, erased] = 0
    softcord.write_volume(draft, drawn, softcord.read_volume(draft).affine)
    assert take_back(dataset, one, "Ada").taken == "softened"
    label = softcord.read_volume(label_path(dataset, one)).data
    assert label[:, :, erased[:-1]].max() == 0
    kept = slices[len(slices) // 2 + 1 :]
    assert (label[:, :, kept] == predicted[:, :, kept]).all()


@pytest.mark.parametrize(("name", "is_hard"), [("itksnap", True), ("Slicer", True), ("fsleyes", False)])
def test_an_editor_of_whole_labels_gets_a_draft_of_0_and_1(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, is_hard: bool
) -> None:
    """It would cut 0.9 to 0, and hand back a mask without its rim that nobody has drawn."""
    program = tmp_path / "bin" / name
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.delenv(EDITOR, raising=False)
    write_draft(dataset, mask_of(dataset))  # soft, of another editor: made anew if it has to be
    assert correct([str(dataset), "--next", "3", "-no-editor", "-again"]) == 0
    found = softcord.read_volume(draft_path(dataset, mask_of(dataset))).data
    assert set(np.unique(found)) == {0, 1} if is_hard else found[(found > 0) & (found < 1)].size > 0
    edited = found.copy()
    edited[:2, :2, :2] = 1
    affine = softcord.read_volume(mask_of(dataset).mask).affine
    softcord.write_volume(draft_path(dataset, mask_of(dataset)), edited, affine)
    assert take_back(dataset, mask_of(dataset), "Ada").changed_voxels == 8


def test_what_an_editor_left_that_ended_badly_stays_a_draft_until_it_is_taken(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "crash.py").write_text(
        "import softcord, sys\n"
        "v = softcord.read_volume(sys.argv[2])\n"
        "softcord.write_volume(sys.argv[2], v.data * 0.9, v.affine)\n"
        "sys.exit(139)\n"
    )
    monkeypatch.setenv(EDITOR, f"{sys.executable} {tmp_path / 'crash.py'}")
    assert correct([str(dataset), "--next", "1"]) == 1
    assert "the draft is kept" in capsys.readouterr().err
    assert index_dataset(dataset)["soft_seg"].isna().all()
    assert correct([str(dataset), "-take"]) == 0
    assert index_dataset(dataset)["soft_seg"].notna().sum() == 1


def test_an_editor_whose_name_is_no_command_is_refused_in_one_line(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(EDITOR, "fsleyes 'x")
    assert correct([str(dataset), "--next", "1"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
