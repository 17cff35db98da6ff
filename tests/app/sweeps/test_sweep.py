"""Sweeps: what is left to run, failures, exit codes; trainings are replaced by what they leave."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from softcord.app.config.compose import compose
from softcord.app.config.plan import Plan, make_plan
from softcord.app.inputs.training_data import Dataset
from softcord.app.sweeps.accelerator import check_accelerator
from softcord.app.verbs.study import main as study_verb
from softcord.app.verbs.train import main
from softcord.errors import RunError
from softcord.measure.table import Measure, measures_frame, write_measures
from softcord.sweep.commands import read_commands, read_entries
from softcord.sweep.ledger import Run, claim, fail, read_run, read_study, record
from tests.quick import Lay

TINY = ("phantom=tiny", "machine.jobs=1", "contrasts=2", "gt=hard", "reference=hard", "study=sweep")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, lay_tiny_phantom: Lay) -> Path:
    """Folder of the tiny phantom."""
    made = tmp_path_factory.mktemp("sweep")
    lay_tiny_phantom(made)
    return made / "data"


class FakeTraining:
    """Leaves a table of measures, or does to a seed what ``ends`` says."""

    def __init__(self) -> None:
        self.trained: list[int] = []
        self.threads: list[int] = []
        self.precisions: list[str] = []
        self.ends: dict[int, BaseException] = {}

    def __call__(self, plan: Plan, _dataset: Dataset, run: Run, run_dir: Path) -> None:
        self.trained.append(plan.seed)
        self.threads.append(torch.get_num_threads())
        self.precisions.append(plan.machine.precision)
        if plan.seed in self.ends:
            raise self.ends[plan.seed]
        one = Measure("sub-1", "T1w", "dice", 0.9, run=run.name, method=run.method, seed=str(run.seed))
        write_measures(run_dir / "measures.csv", measures_frame([one]))
        record(run_dir, run, "complete")


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeTraining:
    """The replaced training, in a folder of its own."""
    fake = FakeTraining()
    monkeypatch.setattr("softcord.app.runs.training.bring_to_end", fake)
    monkeypatch.chdir(tmp_path)
    return fake


def sweep(data: Path, *more: str) -> int:
    return main([*TINY, f"paths.data={data}", "-m", *more])


def standings(folder: Path = Path("outputs/sweep")) -> dict[int, str]:
    return {entry.seed: entry.standing for entry in read_entries(folder)}


def test_the_same_command_runs_only_what_is_not_complete(
    data: Path, training: FakeTraining, capsys: pytest.CaptureFixture[str]
) -> None:
    training.ends = {2: MemoryError("no room"), 3: RunError("train/loss", "became nan")}
    assert sweep(data, "seed=1,2,3,4") == 4
    assert training.trained == [1, 2, 3, 4]
    assert standings() == {1: "complete", 2: "failed", 3: "failed", 4: "complete"}
    printed = capsys.readouterr().err
    assert "MemoryError: no room" in printed
    assert "train/loss: became nan." in printed
    assert "2 of 4 runs are not complete" in printed
    training.ends = {}
    assert sweep(data, "seed=1,2,3,4") == 0
    assert training.trained == [1, 2, 3, 4, 2, 3]
    assert len(read_study(Path("outputs/sweep"))) == 4
    assert len(read_commands(Path("outputs/sweep"))) == 1


def test_ctrl_c_stops_the_sweep_and_leaves_a_run_that_the_command_goes_on_with(
    data: Path, training: FakeTraining
) -> None:
    training.ends = {2: KeyboardInterrupt()}
    assert sweep(data, "seed=1,2,3") == 130
    assert standings() == {1: "complete", 2: "interrupted", 3: "missing"}
    training.ends = {}
    assert sweep(data, "seed=1,2,3") == 0
    assert training.trained == [1, 2, 2, 3]


def test_a_failure_before_the_data_are_known_is_recorded_and_gone_when_they_are(
    data: Path, training: FakeTraining
) -> None:
    broken = ["data=bids", f"data.root={data}/phantom-other", "gt=hard", "reference=hard"]
    assert sweep(data, *broken, "seed=1,2") == 3
    assert standings() == {1: "failed", 2: "failed"}
    (data / "phantom-other").symlink_to(data / "phantom-tiny")
    assert sweep(data, *broken, "seed=1,2") == 0
    assert standings() == {1: "complete", 2: "complete"}
    assert len(list(Path("outputs/sweep").glob("*/run.json"))) == 2


def methods(folder: Path = Path("outputs/sweep")) -> list[str]:
    return sorted(run.method for run in read_study(folder) if run.is_complete)


def test_any_key_is_swept_and_its_seeds_are_replicates(data: Path, training: FakeTraining) -> None:
    assert sweep(data, "train.learning_rate=0.001,0.01", "model=small,small_deep", "seed=1,2") == 0
    name = "hard_T1w_T2w_SoftSeg"
    four = [f"{name}_{net}_lr{rate}" for net in ("small", "small_deep") for rate in (0.001, 0.01)]
    assert methods() == sorted(four * 2)


def test_labels_stay_when_other_runs_join_the_study(data: Path, training: FakeTraining) -> None:
    name = "hard_T1w_T2w_SoftSeg"
    assert sweep(data, "seed=1") == 0
    assert methods() == [name]
    assert sweep(data, "train.learning_rate=0.004,0.01") == 0  # the first is what the study has
    assert methods() == [name, f"{name}_lr0.01"]
    assert sweep(data, "model=small,small_deep", "train.learning_rate=0.01") == 0
    joined = [name, f"{name}_lr0.01", f"{name}_small_deep_lr0.01"]
    assert methods() == joined
    # A later seed is a replicate of what it repeats, and the same commands find all complete.
    assert sweep(data, "train.learning_rate=0.01", "seed=2") == 0
    assert methods() == sorted([*joined, f"{name}_lr0.01"])
    n_trained = len(training.trained)
    assert sweep(data, "train.learning_rate=0.004,0.01", "seed=1,2") == 0
    assert len(training.trained) == n_trained + 1
    assert methods().count(name) == 2


def test_a_failed_run_leaves_its_label_to_the_one_that_works(data: Path, training: FakeTraining) -> None:
    training.ends = {1: MemoryError("no room")}
    assert sweep(data, "train.batch_size=64") != 0
    training.ends = {}
    assert sweep(data, "train.batch_size=2") == 0
    assert methods() == ["hard_T1w_T2w_SoftSeg"]
    assert sweep(data, "train.batch_size=64") == 0
    assert methods() == ["hard_T1w_T2w_SoftSeg", "hard_T1w_T2w_SoftSeg_batch64"]


def test_two_folders_of_data_are_refused_as_one_run(
    data: Path, training: FakeTraining, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep(data, "data=bids", "data.root=a,b") == 2
    assert training.trained == []
    assert "a study of its own" in capsys.readouterr().err


@pytest.mark.parametrize(
    "engine",
    [
        ["hydra/launcher=poool"],
        ["hydra/launcher=pool", "hydra.launcher.n_job=2"],
        ["hydra/launcher=pool", "hydra.launcher.n_jobs=-2"],
        ["hydra/launcher=pool", "hydra.launcher.timeout_min=soon"],
        ["hydra/launcher=pool,joblib"],
    ],
)
def test_a_launcher_or_setting_that_is_not_there_is_refused_before_anything_runs(
    engine: list[str], data: Path, training: FakeTraining, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep(data, "seed=1,2", *engine) == 2
    assert set(standings().values()) <= {"missing"}
    assert capsys.readouterr().err.splitlines()[-1].startswith("softcord: ")


def test_rerun_runs_what_failed_or_what_is_named_anew(
    data: Path,
    training: FakeTraining,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    training.ends = {2: MemoryError("no room")}
    assert sweep(data, "seed=1,2,3") == 4
    training.ends = {}
    assert study_verb(["rerun", "sweep", "--failed"]) == 0
    assert training.trained == [1, 2, 3, 2]
    (folder,) = Path("outputs/sweep").glob("*_s3-*")
    assert study_verb(["rerun", "sweep", folder.name]) == 0
    assert training.trained == [1, 2, 3, 2, 3]
    # Said once: the run keeps the arguments that it is repeated by.
    run = read_run(folder)
    assert run is not None
    assert not any(override.startswith("rerun") for override in run.overrides)
    assert len(read_commands(Path("outputs/sweep"))) == 1
    assert study_verb(["rerun", "sweep", "--failed"]) == 0
    assert study_verb(["rerun", "sweep"]) == 2
    monkeypatch.chdir("..")
    assert study_verb(["rerun", "sweep", folder.name, "--outputs", f"{tmp_path}/outputs"]) == 2
    assert "was made from another folder" in capsys.readouterr().err
    assert training.trained == [1, 2, 3, 2, 3]


def test_a_run_goes_on_in_the_number_of_threads_that_it_began_in(
    data: Path, training: FakeTraining, capsys: pytest.CaptureFixture[str]
) -> None:
    before = torch.get_num_threads()
    training.ends = {1: KeyboardInterrupt()}
    assert sweep(data, "seed=1", "machine.threads=3") == 130
    training.ends = {}
    assert sweep(data, "seed=1,2", "machine.threads=2") == 0
    assert training.threads == [3, 3, 2]
    assert torch.get_num_threads() == before
    assert "began in: 3, not 2" in capsys.readouterr().err


def test_a_run_goes_on_in_the_precision_and_layout_that_it_began_in(
    data: Path, training: FakeTraining, capsys: pytest.CaptureFixture[str]
) -> None:
    training.ends = {1: KeyboardInterrupt()}
    assert sweep(data, "seed=1", "machine.precision=bfloat16", "machine.channels_last=true") == 130
    training.ends = {}
    assert sweep(data, "seed=1,2", "machine.precision=float32", "machine.channels_last=false") == 0
    assert training.precisions == ["bfloat16", "bfloat16", "float32"]
    said = {run.seed: (run.precision, run.channels_last) for run in read_study(Path("outputs/sweep"))}
    assert said == {1: ("bfloat16", True), 2: ("float32", False)}
    printed = capsys.readouterr().err
    assert "began in: bfloat16, not float32" in printed
    assert "bfloat16, channels-last" in printed


def test_auto_is_decided_when_a_run_begins_and_stands_in_its_record(
    data: Path, training: FakeTraining
) -> None:
    assert sweep(data, "seed=1", "machine.accelerator=cpu") == 0
    (run,) = read_study(Path("outputs/sweep"))
    assert run.precision in ("float32", "bfloat16")
    assert training.precisions == [run.precision]


@pytest.mark.parametrize("asked", ["machine.accelerator=gpu", "machine.precision=float16"])
def test_a_gpu_that_is_not_here_is_said_before_any_data_are_prepared(
    asked: str,
    tmp_path: Path,
    training: FakeTraining,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for more in ((), ("-m", "seed=1,2"), ("-m", "seed=1,2", "hydra/launcher=pool")):
        assert main([*TINY, f"paths.data={tmp_path / 'data'}", asked, *more]) == 2
        assert "torch finds no GPU here" in capsys.readouterr().err.strip().splitlines()[-1]
    assert not training.trained
    assert not (tmp_path / "data").exists()


def test_a_gpu_of_the_machines_that_a_launcher_uses_is_not_looked_for_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    check_accelerator(make_plan(compose("machine.accelerator=gpu")), ["hydra/launcher=slurm"])


def test_a_sweep_has_no_one_configuration_to_show(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sweep(data, "seed=1,2", "--cfg", "job") == 2
    assert "show one configuration. Leave out -m" in capsys.readouterr().err


def test_one_configuration_asked_for_twice_is_run_once(data: Path, training: FakeTraining) -> None:
    assert sweep(data, "seed=1,1") == 0
    assert training.trained == [1]


def test_a_complete_run_whose_measures_were_deleted_is_run_again(data: Path, training: FakeTraining) -> None:
    assert sweep(data, "seed=1") == 0
    (path,) = Path("outputs/sweep").glob("*/measures.csv")
    path.unlink()
    assert sweep(data, "seed=1") == 0
    assert training.trained == [1, 1]


@pytest.mark.parametrize("how", [["seed=1,2"], ["seed=2"]])
def test_a_run_that_another_process_is_running_is_waited_for(
    how: list[str],
    data: Path,
    training: FakeTraining,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from softcord.app.sweeps import launch

    assert sweep(data, "seed=1,2") == 0
    (run_dir,) = Path("outputs/sweep").glob("*_s2-*")
    run = read_run(run_dir)
    assert run is not None
    record(run_dir, run, "running", doing="training")
    code = "import sys, time; from pathlib import Path; from softcord.sweep.ledger import claim\n"
    code += "with claim(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", code, str(run_dir)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    assert standings() == {1: "complete", 2: "running"}
    waits = launch._wait_for_others

    def killed_then(*arguments: Any) -> bool:
        threading.Timer(0.5, holder.kill).start()
        return waits(*arguments)

    monkeypatch.setattr(launch, "_wait_for_others", killed_then)
    # It is waited for; since it was killed, its run is gone on with here.
    assert sweep(data, *how) == 0
    assert "seed 2: run by another process; waiting for it" in capsys.readouterr().err
    assert holder.wait() == -signal.SIGKILL
    assert training.trained == [1, 2, 2]
    assert standings() == {1: "complete", 2: "complete"}


def test_a_run_that_another_process_brings_to_its_end_meanwhile_is_complete_for_both(
    data: Path, training: FakeTraining
) -> None:
    assert sweep(data, "seed=1") == 0
    (run_dir,) = Path("outputs/sweep").glob("*_s1-*")
    done = read_run(run_dir)
    assert done is not None
    record(run_dir, done, "running", doing="training")

    def other() -> None:
        with claim(run_dir):
            held.set()
            time.sleep(2)
            record(run_dir, done, "complete")

    held = threading.Event()
    thread = threading.Thread(target=other)
    thread.start()
    held.wait()
    assert sweep(data, "seed=1") == 0
    thread.join()
    assert training.trained == [1]


@pytest.mark.parametrize("error", [MemoryError("no room"), RunError("train/loss", "became nan")])
def test_a_single_run_that_fails_is_recorded_as_that_of_a_sweep(
    error: Exception, data: Path, training: FakeTraining
) -> None:
    training.ends = {1: error}
    assert main([*TINY, f"paths.data={data}"]) == 1
    assert standings() == {1: "failed"}


def test_a_single_run_that_fails_before_its_data_are_known_is_recorded_too(
    data: Path, training: FakeTraining
) -> None:
    assert sweep(data, "seed=9") == 0  # makes the phantom
    broken = ["data=bids", f"data.root={data}/phantom-later", "gt=hard", "reference=hard"]
    assert main([*TINY, f"paths.data={data}", *broken]) == 3
    assert standings()[1] == "failed"
    (data / "phantom-later").symlink_to(data / "phantom-tiny")
    assert main([*TINY, f"paths.data={data}", *broken]) == 0
    assert standings()[1] == "complete"


def test_time_is_that_of_all_attempts(data: Path, training: FakeTraining) -> None:
    training.ends = {1: KeyboardInterrupt()}
    sweep(data, "seed=1")
    (path,) = Path("outputs/sweep").glob("*/run.json")
    first = read_run(path.parent)
    assert first is not None
    record(path.parent, first, "interrupted", seconds=100.0)
    training.ends = {}
    sweep(data, "seed=1")
    last = read_run(path.parent)
    assert last is not None
    assert 100 <= last.seconds < 130
    assert last.earlier_seconds == 100


SCRIPT = """
import os, signal, sys
from pathlib import Path
import softcord.app.runs.training
from softcord.app.verbs.train import main
from softcord.measure.table import Measure, measures_frame, write_measures
from softcord.sweep.ledger import record

def fake(plan, dataset, run, run_dir):
    with open("trained", "a") as log:
        log.write(f"{plan.seed} ")
    if plan.seed == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    one = Measure("sub-1", "T1w", "dice", 0.9, run=run.name, method=run.method, seed=str(run.seed))
    write_measures(run_dir / "measures.csv", measures_frame([one]))
    record(run_dir, run, "complete")

def job(plan):
    softcord.app.runs.training.bring_to_end = fake
    from softcord.app.verbs.train import train_one
    return train_one(plan)

if __name__ == "__main__":
    from softcord.app.sweeps.launch import launch
    from softcord.app.console.terminal import start_logging
    from softcord.app.verbs.train import training_study
    start_logging()
    sys.exit(launch(job, sys.argv[1:], training_study))
"""


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["pool", "joblib"])
def test_a_run_whose_process_is_killed_is_a_failed_run_under_either_launcher(
    launcher: str, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "script.py", *TINY, f"paths.data={data}", "-m", "seed=1,2,3,4"]
    command += [f"hydra/launcher={launcher}", "hydra.launcher.n_jobs=2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 4, done.stderr
    found = standings(tmp_path / "outputs/sweep")
    assert found == {1: "complete", 2: "failed", 3: "complete", 4: "complete"}, done.stderr
    assert "was killed" in done.stderr
    trained = (tmp_path / "trained").read_text().split()
    # joblib takes down its other workers with the killed one; each of these is tried once more, alone.
    assert trained.count("2") == {"pool": 1, "joblib": 2}[launcher]


def break_launcher(monkeypatch: pytest.MonkeyPatch, n_times: int) -> None:
    """Let the launcher refuse its first calls, as sbatch refuses a job that asks for too much."""
    from softcord.app.sweeps import launch

    works, calls = launch._launch, []

    def refusing(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) <= n_times:
            raise OSError("sbatch: error: Memory specification can not be satisfied")
        return works(*arguments)

    monkeypatch.setattr(launch, "_launch", refusing)


def test_runs_that_the_launcher_refuses_fail_by_its_words_and_begin_when_it_works(
    data: Path, training: FakeTraining, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as refused:
        break_launcher(refused, 100)
        assert sweep(data, "seed=1,2") == 1  # all for one reason
    (first, second) = read_study(Path("outputs/sweep"))
    assert first.reason == second.reason
    assert "the launcher: did not start the run (OSError: sbatch: error: Memory specif" in first.reason
    assert "hydra.launcher" in first.reason
    assert "lack of memory" not in capsys.readouterr().err
    assert sweep(data, "seed=1,2") == 0
    assert standings() == {1: "complete", 2: "complete"}


def test_a_launcher_that_gives_up_does_not_cost_earlier_failures_their_retry(
    data: Path, training: FakeTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    training.ends = {1: MemoryError("no room"), 2: KeyboardInterrupt()}
    assert sweep(data, "seed=1,2,3") == 130
    training.ends = {}
    break_launcher(monkeypatch, 1)
    assert sweep(data, "seed=1,2,3") == 0
    assert standings() == {1: "complete", 2: "complete", 3: "complete"}
    assert training.trained == [1, 2, 1, 2, 3]


def test_a_failure_on_a_host_whose_clock_is_behind_is_not_taken_for_an_earlier_one(
    data: Path, training: FakeTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    from softcord.app.sweeps import launch

    works, now = launch._launch, time.time

    def breaking_down(*arguments: Any) -> Any:
        with monkeypatch.context() as there:
            there.setattr("softcord.sweep.ledger.time.time", lambda: now() - 3600)
            works(*arguments)
        raise OSError("a worker was killed")

    monkeypatch.setattr(launch, "_launch", breaking_down)
    training.ends = {1: MemoryError("no room")}
    assert sweep(data, "seed=1,2") == 4
    assert training.trained == [1, 2]
    assert standings() == {1: "failed", 2: "complete"}


def test_the_time_of_a_run_is_told_by_the_clock_of_its_host_alone(tmp_path: Path) -> None:
    run = Run("r", "sweep", "soft_all", 1, "f", "c", ())
    there = record(tmp_path, run, "running", started_at=time.time() + 7200, host="elsewhere", seconds=40.0)
    assert fail(tmp_path, there, MemoryError("no room")).seconds == 40


def test_without_a_terminal_the_log_says_how_far_the_study_is(
    data: Path, training: FakeTraining, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep(data, "seed=1,2") == 0
    assert "2 of 2 runs complete" in capsys.readouterr().err


def test_a_view_of_a_large_study_looks_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    from softcord.app.sweeps import live_view

    monkeypatch.setattr(live_view, "_LOOK_EVERY_S", 0.001)
    looks = []

    def look() -> None:
        looks.append(time.perf_counter())
        time.sleep(0.01)  # so that 0.2 s have to pass before the next

    with live_view._repeated(look):
        time.sleep(0.15)
    assert len(looks) <= 4  # one, and one more at the end, on an idle machine; without a pause fourteen


def test_on_a_terminal_one_view_shows_the_study_and_its_runs(tmp_path: Path) -> None:
    from rich.console import Console

    from softcord.app.config.compose import compose
    from softcord.app.config.plan import make_plan
    from softcord.app.sweeps.live_view import Progress, drawing
    from softcord.sweep.ledger import begin, claim, note

    plans = [make_plan(compose(f"paths.outputs={tmp_path}", "study=sweep", f"seed={n}")) for n in (1, 2, 3)]
    progress = Progress(plans)
    for plan, seconds in zip(plans[:2], (60.0, 0.0), strict=True):
        run_dir = tmp_path / "sweep" / f"soft_all_s{plan.seed}-0"
        name = run_dir.name
        run = Run(name, "sweep", plan.method, plan.seed, "f", plan.config_hash, plan.overrides)
        begun = begin(run_dir, run)
        if seconds:
            record(run_dir, begun, "complete", seconds=seconds)
    note(run_dir, "trained 1 of 4 epochs", 0.25)
    with claim(run_dir):
        progress.look()
        console = Console(width=140, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
        console.print(drawing(progress))
    text = console.export_text()
    assert "1 of 3 runs complete, about 2 min left" in text
    assert "soft_all_s2-0" in text
    assert "trained 1 of 4 epochs" in text
