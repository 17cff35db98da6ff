"""`softcord study`: where runs stand, one in detail, and what is left over."""

import json
import os
import shlex
import shutil
from pathlib import Path

import pytest

from softcord.app.verbs.study import main
from softcord.sweep.commands import Planned, read_commands, record_command
from softcord.sweep.ledger import Run, attempt, begin, claim, note, read_study, record


def run(method: str, seed: int) -> Run:
    name = f"{method}_s{seed}-abc"
    return Run(name, "demo", method, seed, "fingerprint", f"{method}{seed}", (f"seed={seed}", "study=demo"))


def planned(method: str, seed: int) -> Planned:
    return Planned(method, seed, f"{method}{seed}", (f"seed={seed}",))


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study with a run in each state."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "outputs/demo"
    wanted = [planned("soft_all", seed) for seed in (1, 2, 3)] + [
        planned("hard_all", 1),
        planned("hard_all", 2),
    ]
    record_command(folder, ["-m", "gt=soft,hard", "contrasts=[T1w,T2w]"], wanted)
    complete = run("soft_all", 1)
    record(folder / complete.name, begin(folder / complete.name, complete), "complete", seconds=75.0)
    (folder / complete.name / "checkpoints").mkdir()
    (folder / complete.name / "checkpoints/last.ckpt").write_bytes(b"x" * 2_000_000)
    failed = run("soft_all", 2)
    with pytest.raises(MemoryError), attempt(folder / failed.name, failed):
        raise MemoryError("no room\nfor that")
    killed = run("hard_all", 1)
    begin(folder / killed.name, killed)
    note(folder / killed.name, "trained 2 of 6 epochs", 1 / 3)
    (folder / killed.name / ".half-written.json").write_text("{")
    return folder


def test_status_says_where_every_run_stands_and_what_repeating_would_do(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with claim(study / "hard_all_s1-abc"):
        assert main(["status", "demo"]) == 0
        assert f"process {os.getpid()} on" in capsys.readouterr().out
    assert main(["status", "demo"]) == 0
    printed = capsys.readouterr().out
    lines = [line.split() for line in printed.splitlines()[1:]]
    states = {(words[1], words[2]): words[0] for words in lines if len(words) > 3 and words[2].isdigit()}
    assert states == {
        ("soft_all", "1"): "complete",
        ("soft_all", "2"): "failed",
        ("soft_all", "3"): "missing",
        ("hard_all", "1"): "stale",
        ("hard_all", "2"): "missing",
    }
    assert "MemoryError: no room" in printed
    assert "was killed; trained 2 of 6 epochs" in printed
    assert "1 complete, 1 failed, 1 stale, 2 missing; 75 s" in printed
    assert "replicates soft_all: seeds 1, 2, 3 (1 of 3 complete)" in printed
    # The command has a line of its own, to be copied whole.
    command = printed.splitlines().index("python -m softcord.train -m gt=soft,hard 'contrasts=[T1w,T2w]'")
    would = "repeating this would skip 1, try again 1, go on with 1, start 2:"
    assert printed.splitlines()[command - 1] == would


def test_one_seed_tested_on_two_datasets_is_no_replicate(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tested = [
        Planned("soft_all", seed, f"{seed}{data}", (f"data={data}",), "evaluate", data)
        for seed, data in ((1, "sct"), (1, "ms"), (2, "ms"))
    ]
    record_command(study.parent / "tests", ["model=demo"], tested)
    assert main(["status", "tests"]) == 0
    lines = capsys.readouterr().out.splitlines()
    found = [line for line in lines if line.startswith("replicates")]
    assert found == ["replicates soft_all on ms: seeds 1, 2 (0 of 2 complete)"]


def test_a_command_takes_the_place_of_those_that_ask_for_less(study: Path) -> None:
    """A search asks for one trial more each time, by the same words."""
    wanted = [run for command in read_commands(study) for run in command.runs]
    record_command(study, ["more"], [*wanted, planned("soft_all", 4)])
    record_command(study, ["other"], [planned("soft_all", 4), planned("soft_all", 5)])
    assert [command.arguments for command in read_commands(study)] == [("more",), ("other",)]


def test_of_a_search_status_says_how_many_trials_it_would_begin(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = [run for command in read_commands(study) for run in command.runs]
    record_command(study, ["-m", "experiment=search_awing"], wanted, n_trials=10)
    assert main(["status", "demo"]) == 0
    # The one that failed is not tried again, and counts for none of the ten.
    assert "would skip 1, go on with 3, begin 6" in capsys.readouterr().out


def test_status_without_a_name_lists_the_studies(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 0
    assert "1 complete, 1 failed" in capsys.readouterr().out


def test_show_tells_one_run_by_the_beginning_of_its_name(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "demo", "soft_all_s2"]) == 0
    printed = capsys.readouterr().out
    assert "failed  MemoryError: no room" in printed
    assert "python -m softcord.train seed=2 study=demo" in printed
    assert main(["show", "demo", "--outputs", "outputs", "soft_all_s2"]) == 0
    assert capsys.readouterr().out == printed
    assert main(["show", "demo", "soft_all"]) == 2
    assert "names 2 runs. Name one: demo/soft_all@1, demo/soft_all@2." in capsys.readouterr().err
    for word in ("demo soft_all@2", "demo/soft_all@2", "de soft_all@2", "demo demo/soft_all_s2"):
        assert main(["show", *word.split()]) == 0
        assert capsys.readouterr().out == printed


def test_after_ctrl_c_the_study_can_be_looked_at_and_its_command_pasted(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped = run("hard_all", 2)
    with pytest.raises(KeyboardInterrupt), attempt(study / stopped.name, stopped):
        raise KeyboardInterrupt
    for words in (["status"], ["show", "demo"], ["show", "demo/hard_all@2"]):
        assert main(words) == 0
        assert "interrupted" in capsys.readouterr().out
    assert main(["status", "demo"]) == 0
    command = capsys.readouterr().out.splitlines()[-1]
    assert shlex.split(command) == [
        "python",
        "-m",
        "softcord.train",
        "-m",
        "gt=soft,hard",
        "contrasts=[T1w,T2w]",
    ]


def test_an_unknown_study_is_refused_with_the_nearest(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "dmo"]) == 2
    assert "Did you mean demo?" in capsys.readouterr().err
    assert main(["show", "demo", "sfot_all@1"]) == 2
    assert "Did you mean demo/soft_all@1?" in capsys.readouterr().err


def test_clean_says_what_would_go_and_removes_only_with_yes(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = study / "soft_all_s1-abc/checkpoints/last.ckpt"
    temporary = study / "hard_all_s1-abc/.half-written.json"
    assert main(["clean", "demo"]) == 0
    printed = capsys.readouterr().out
    assert "2.0 MB  checkpoint to resume from" in printed
    assert "Nothing was removed" in printed
    assert checkpoint.exists()
    assert temporary.exists()
    with claim(study / "soft_all_s1-abc"):
        assert main(["clean", "demo", "--yes"]) == 0
    assert checkpoint.exists()
    assert not temporary.exists()
    assert main(["clean", "demo", "--yes"]) == 0
    assert not checkpoint.exists()
    assert len(read_study(study)) == 3


def test_clean_of_what_failed_leaves_complete_runs_only(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["clean", "demo", "--failed", "--yes"]) == 0
    assert [found.name for found in read_study(study)] == ["soft_all_s1-abc"]
    capsys.readouterr()
    main(["status", "demo"])
    assert "study demo: 1 complete; 75 s" in capsys.readouterr().out
    assert main(["clean", "demo", "--failed"]) == 0
    assert "nothing is left over" in capsys.readouterr().out


def complete_and_victim(study: Path) -> tuple[Path, Path]:
    """The study's complete run, and a folder outside of the study that nothing may touch."""
    victim = study.parents[1] / "victim"
    victim.mkdir()
    (victim / "precious.txt").write_text("mine")
    return study / "soft_all_s1-abc", victim


@pytest.mark.parametrize("name", ["../../victim", "soft_all_s1-abc", "/tmp", ".", "..", ""])
@pytest.mark.parametrize("how", [["--yes"], ["--yes", "--purge"]])
def test_clean_touches_no_folder_but_the_run_s_own_whatever_its_record_says(
    name: str, how: list[str], study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    complete, victim = complete_and_victim(study)
    before = sorted(complete.rglob("*"))
    copy = study / "copied"
    shutil.copytree(study / "soft_all_s2-abc", copy)
    content = json.loads((copy / "run.json").read_text())
    (copy / "run.json").write_text(json.dumps({**content, "name": name}))
    assert main(["clean", "demo", "--failed", *how]) == 0
    assert (victim / "precious.txt").read_text() == "mine"
    assert [path for path in before if not path.exists() and path.name != "last.ckpt"] == []
    assert (copy / "run.json").exists()
    main(["status", "demo"])
    assert f"{Path('outputs/demo/copied')}: counts as no run: its run.json is that of a run called" in (
        capsys.readouterr().err
    )


def test_a_linked_run_is_left_alone(study: Path) -> None:
    _, victim = complete_and_victim(study)
    outside = victim / "soft_all_s3-abc"
    record(outside, run("soft_all", 3), "failed")
    (outside / ".half-written").write_text("")
    (study / outside.name).symlink_to(outside)
    assert main(["clean", "demo", "--failed", "--yes", "--purge"]) == 0
    assert sorted(path.name for path in outside.iterdir()) == [".half-written", "run.json"]


def test_what_was_cleaned_lies_in_the_trash_until_it_is_purged(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["clean", "demo", "--failed", "--yes"]) == 0
    assert "Moved to outputs/demo/.trash" in capsys.readouterr().out
    kept = {path.name for path in (study / ".trash").rglob("*") if path.is_file()}
    assert {"last.ckpt", ".half-written.json", "run.json"} <= kept
    assert main(["clean", "demo", "--purge"]) == 0
    assert "trash of earlier cleaning" in capsys.readouterr().out
    assert (study / ".trash").exists()
    assert main(["clean", "demo", "--purge", "--yes"]) == 0
    assert not (study / ".trash").exists()
    assert len(read_study(study)) == 1


@pytest.mark.parametrize(
    "content",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"name": 3}',
        "[" * 100_000,
        '{"seed": "one"}',
        '{"seconds": NaN}',
        '{"seconds": "long"}',
        '{"state": "flying"}',
        '{"overrides": [3]}',
        '{"overrides": 3}',
        '{"method": null}',
    ],
)
def test_a_damaged_run_is_named_and_hides_none_of_the_others(
    content: str, study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = study / "soft_all_s2-abc/run.json"
    whole = json.loads(path.read_text())
    changed = json.loads(content) if content.startswith('{"') else None
    path.write_text(json.dumps({**whole, **changed}) if changed else content)
    for arguments in (["status"], ["status", "demo"]):
        assert main(arguments) == 0
        printed = capsys.readouterr()
        said = "soft_all_s2-abc: counts as no run: its run.json is "
        assert said in printed.err
        assert "1 complete" in printed.out


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"commands": [{"runs": 3}]}', '{"commands": [{"runs": [[]]}]}']
)
def test_a_damaged_list_of_commands_is_kept_aside(content: str, study: Path) -> None:
    (study / "study.json").write_text(content)
    assert main(["status", "demo"]) == 0
    record_command(study, ["seed=9"], [planned("soft_all", 9)])
    assert (study / "study.json.before").read_text() == content
    assert [command.arguments for command in read_commands(study)] == [("seed=9",)]


def test_a_replaced_run_is_left_over(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    older = Run("soft_all_s1-old", "demo", "soft_all", 1, "other", "soft_all1", ("seed=1",))
    record(study / older.name, older, "complete")
    os.utime(study / older.name / "run.json", (1, 1))
    assert main(["clean", "demo", "--dry-run"]) == 0
    assert "replaced by a later run" in capsys.readouterr().out
