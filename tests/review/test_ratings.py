"""Ratings as files: written at once, by several people at once, and never lost to a table that is broken."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from softcord.data.exclude import read_exclude
from softcord.errors import DataError
from softcord.review.kappa import kappas
from softcord.review.ratings import (
    RATINGS,
    Rating,
    add_ratings,
    disputed,
    given_at,
    latest,
    now,
    of_these,
    read_ratings,
)


def rating(
    number: int = 1, rater: str = "Ada", said: str = "pass", comment: str = "", at: str = ""
) -> Rating:
    return Rating(f"sub-{number:02d}_T2w", f"derivatives/x/sub-{number:02d}.nii.gz", rater, said, comment, at)


def test_what_is_rated_is_read_back_and_a_rating_replaces_the_same_persons_earlier_one(
    tmp_path: Path,
) -> None:
    table = tmp_path / "softcord" / "qc.tsv"
    add_ratings(table, [rating(comment="a\tb\nc"), rating(rater="Bo", said="fail")])
    add_ratings(table, [rating(said="correct")])
    assert {(one.rater, one.rating) for one in read_ratings(table)} == {("Ada", "correct"), ("Bo", "fail")}


def test_a_comment_with_tabs_and_lines_stays_in_its_cell(tmp_path: Path) -> None:
    add_ratings(tmp_path / "qc.tsv", [rating(comment='leaks\tat C5\n"badly"')])
    assert read_ratings(tmp_path / "qc.tsv")[0].comment == 'leaks at C5 "badly"'


def test_two_people_who_rate_at_once_lose_nothing(tmp_path: Path) -> None:
    table = tmp_path / "qc.tsv"
    given = [rating(number, rater) for number in range(20) for rater in ("Ada", "Bo")]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: add_ratings(table, [one]), given))
    assert {one.key for one in read_ratings(table)} == {one.key for one in given}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("image\tmask\trater\n", "has no column rating"),
        ("image\tmask\trater\trating\na\tb\tAda\tgreat\n", "line 2: rating 'great' is not one of"),
        ("image\tmask\trater\trating\n\na\tb\t\tpass\n", "line 3: rater is empty"),
    ],
)
def test_a_table_edited_into_nonsense_is_named_and_left_as_it_is(
    tmp_path: Path, text: str, what: str
) -> None:
    table = tmp_path / "qc.tsv"
    table.write_text(text)
    with pytest.raises(DataError, match=what):
        add_ratings(table, [rating()])
    assert table.read_text() == text


def test_a_table_that_a_spreadsheet_saved_is_still_read(tmp_path: Path) -> None:
    table = tmp_path / "qc.tsv"
    table.write_bytes("image\trater\tmask\tmore\trating\r\na\tAda\tb\tx\tfail\r\n".encode("utf-8-sig"))
    assert [(one.image, one.rating) for one in read_ratings(table)] == [("a", "fail")]


def test_the_lists_beside_it_are_exclude_lists_that_training_reads(tmp_path: Path) -> None:
    add_ratings(
        tmp_path / "qc.tsv", [rating(1, said="fail", comment="leak"), rating(2), rating(3, said="correct")]
    )
    assert dict(read_exclude(tmp_path / "qc_fail.yml").reasons) == {"sub-01_T2w": "Ada: leak"}
    assert set(read_exclude(tmp_path / "qc_correct.yml").reasons) == {"sub-03_T2w"}
    add_ratings(tmp_path / "qc.tsv", [rating(1)])
    assert not read_exclude(tmp_path / "qc_fail.yml").reasons


def test_an_image_is_in_the_lists_by_what_was_said_of_it_last(tmp_path: Path) -> None:
    """Its mask of an earlier model failed; that of now is right, and the image may train."""
    before = rating(said="fail", at="2026-01-01T00:00:00Z")
    now_right = replace(
        before, mask="derivatives/y/sub-01.nii.gz", rating="pass", rated_at="2026-01-02T00:00:00Z"
    )
    add_ratings(tmp_path / "qc.tsv", [now_right, before])
    assert not read_exclude(tmp_path / "qc_fail.yml").reasons
    assert len(read_ratings(tmp_path / "qc.tsv")) == 2


def test_the_latest_rating_of_a_mask_counts() -> None:
    said = [
        rating(1, "Ada", "fail", at="2026-01-02T00:00:00Z"),
        rating(1, "Bo", "pass", at="2026-01-01T00:00:00Z"),
    ]
    assert [one.rater for one in latest(said).values()] == ["Ada"]


def test_kappa_is_scikit_learns() -> None:
    rng = np.random.default_rng(2)
    a = rng.choice(RATINGS, 60)
    b = np.where(rng.random(60) < 0.7, a, rng.choice(RATINGS, 60))
    said = [
        rating(i, rater, str(one)) for rater, gave in (("Ada", a), ("Bo", b)) for i, one in enumerate(gave)
    ]
    row = kappas(said).iloc[0]
    assert row["kappa"] == pytest.approx(cohen_kappa_score(a, b))
    assert (row["n"], row["agree_pct"]) == (60, pytest.approx(100 * (a == b).mean()))


def test_raters_with_no_mask_in_common_have_no_kappa() -> None:
    assert kappas([rating(1, "Ada"), rating(2, "Bo")]).empty


def test_raters_who_only_ever_pass_have_no_kappa_but_agree() -> None:
    row = kappas([rating(i, rater) for i in (1, 2, 3) for rater in ("Ada", "Bo")]).iloc[0]
    assert row["agree_pct"] == 100
    assert np.isnan(row["kappa"])


def test_an_older_table_or_browser_changes_nothing_that_was_said_later(tmp_path: Path) -> None:
    table = tmp_path / "qc.tsv"
    add_ratings(table, [rating(said="fail", at="2026-01-02T00:00:00Z")])
    add_ratings(table, [rating(said="pass", at="2026-01-01T00:00:00Z")])
    assert [one.rating for one in read_ratings(table)] == ["fail"]
    add_ratings(table, [rating(said="correct", at="2026-01-02T00:00:00Z")])
    assert [one.rating for one in read_ratings(table)] == ["correct"]
    table.write_text(table.read_text().replace("2026-01-02T00:00:00Z", "yesterday"))
    add_ratings(table, [rating(said="pass", at="2026-01-01T00:00:00Z")])
    assert [one.rating for one in read_ratings(table)] == ["pass"]


def test_a_rating_is_of_the_mask_that_lay_there_then() -> None:
    given = replace(rating(), mask_sha256="ab")
    assert of_these([given], {given.mask: "ab"}) == [given]
    assert of_these([given], {given.mask: "cd"}) == []
    assert of_these([given], {}) == [given]
    assert of_these([rating()], {given.mask: "cd"}) == [rating()], "nobody noted what it was of"


def test_masks_that_people_rate_differently_are_known() -> None:
    said = [rating(1), rating(1, "Bo", "fail"), rating(2), rating(2, "Bo"), rating(3), rating(3, "Bo", "")]
    assert disputed(said) == [rating(1).mask]


def test_a_rating_has_the_time_that_the_browser_says_unless_it_is_none_or_to_come() -> None:
    assert given_at("2026-01-01T00:00:00Z") == "2026-01-01T00:00:00Z"
    for said in (None, "yesterday", "9999-01-01T00:00:00Z"):
        assert "2026" <= given_at(said) <= now()
