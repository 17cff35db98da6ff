"""sessions.tsv of a BIDS dataset: read per participant, kept beside a run, read back by a comparison."""

from pathlib import Path

import pandas as pd
import pytest

from softcord.app.records.people import read_people, write_people
from softcord.data.sessions import read_sessions


@pytest.fixture
def bids(tmp_path: Path) -> Path:
    for name, rows in (("sub-01", "ses-1\t40.5\nses-2\tn/a\n"), ("sub-02", "ses-1\t51\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}_sessions.tsv").write_text("session_id\tage\n" + rows)
    return tmp_path


def test_sessions_of_the_asked_participants_are_read_and_missing_ages_stay_missing(bids: Path) -> None:
    table = read_sessions(bids, ["sub-01", "sub-03"]).set_index(["participant_id", "session_id"])["age"]
    assert table["sub-01", "ses-1"] == "40.5"
    assert table.isna().tolist() == [False, True]


def test_one_table_of_all_sessions_is_read_too(tmp_path: Path) -> None:
    rows = "participant_id\tsession_id\tage\nsub-01\tses-1\t40\nsub-02\tses-1\t50\n"
    (tmp_path / "sessions.tsv").write_text(rows)
    assert read_sessions(tmp_path, ["sub-02"])["age"].tolist() == ["50"]


def test_a_table_without_session_id_is_left_out_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "sessions.tsv").write_text("participant_id\tage\nsub-01\t40\n")
    assert read_sessions(tmp_path, ["sub-01"]).empty
    assert "no column session_id" in caplog.text


def test_what_a_run_keeps_is_what_a_comparison_reads(bids: Path) -> None:
    sessions = read_sessions(bids, ["sub-01", "sub-02"])
    people = pd.DataFrame({"participant_id": ["sub-01", "sub-02"], "sex": ["F", "M"]})
    write_people(bids, people, sessions)
    found_people, found_sessions = read_people([bids], None, ["sub-01", "sub-02"])
    assert found_people is not None
    assert found_sessions is not None
    assert found_people["sex"].tolist() == ["F", "M"]
    assert len(found_sessions) == 3
