"""The runs that one command means: recorded, recognised where complete, failures noted and summed up."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

import softcord
from softcord.app.config.identity import digest
from softcord.app.config.method_name import run_name
from softcord.app.config.plan import Plan
from softcord.app.console.exit_codes import DONE, STUDY
from softcord.app.console.streams import show
from softcord.app.console.terminal import show_table
from softcord.app.engine import engine_of
from softcord.app.inputs.training_data import Dataset, open_dataset
from softcord.app.records.labels import labelled, naming
from softcord.app.records.record import send_kept
from softcord.app.results.by_dataset import dataset_of
from softcord.app.sweeps.shared_data import data_key
from softcord.errors import BusyError, UsageError
from softcord.hints import counted
from softcord.measure.level_text import format_levels
from softcord.measure.table import read_measures
from softcord.report.summary import summary_table
from softcord.sweep.commands import Entry, Planned, read_commands, read_entries, record_command
from softcord.sweep.folder import LOG, MEASURES
from softcord.sweep.ledger import Run, Verb, fail, is_claimed, read_study, reason

# By study folder and hash of the configuration: which attempt at a run was the last one.
Attempts = Mapping[tuple[Path, str], tuple[str, int]]

logger = logging.getLogger("softcord")


def begin_sweep(arguments: Sequence[str], plans: list[Plan]) -> list[Plan]:
    """Record the command and return the plans of runs that are not complete, each configuration once.

    They come with the labels that their methods have in the study. Without ``arguments`` only runs that no
    command asks for are recorded.

    Raises:
        UsageError: data of two places under one name, or a training would have the name of a test.
    """
    _check_places(plans)
    plans = named(plans, arguments)
    check_names(plans)
    left = {_key(plan): plan for plan in plans}
    opened: dict[str, Dataset] = {}
    for key, run in latest_runs(plans).items():
        plan = left.get(key)
        if plan and run.is_complete and not plan.rerun and _is_still_valid(plan, run, opened):
            say_complete(run)
            send_kept(plan.study_dir / run.name, run, plan.paths.store_dir)
            del left[key]
    return list(left.values())


def named(plans: Sequence[Plan], arguments: Sequence[str] = ()) -> list[Plan]:
    """Return the plans with their labels, and record these with the command that asks for them."""
    labels: dict[int, Plan] = {}
    for folder in dict.fromkeys(plan.study_dir for plan in plans):
        with naming(folder):
            own = [place for place, plan in enumerate(plans) if plan.study_dir == folder]
            found = labelled([plans[place] for place in own])
            labels |= dict(zip(own, found, strict=True))
            asked = {run.config_hash for command in read_commands(folder) for run in command.runs}
            if arguments:
                record_command(folder, arguments, map(planned, found))
            for plan in () if arguments else found:
                if plan.config_hash not in asked:
                    record_command(folder, lasting_overrides(plan), [planned(plan)])
    return [labels[place] for place in range(len(plans))]


def _check_places(plans: Sequence[Plan]) -> None:
    """Refuse data of two places in one command: where data lie is no part of a run's identity."""
    roots: dict[tuple[Path, str], tuple[str, ...]] = {}
    for plan in plans:
        places = tuple(str(source.data.root) for source in plan.datasets)
        if roots.setdefault(_key(plan), places) != places:
            what = f"{places[0]} and {roots[_key(plan)][0]} would be the data of one run"
            raise UsageError(f"study {plan.study}", what, "Give each dataset a study of its own: study=NAME")


def planned(plan: Plan, verb: Verb = "train") -> Planned:
    """Return what the study remembers of a plan."""
    return Planned(
        plan.method,
        plan.seed,
        plan.config_hash,
        lasting_overrides(plan),
        verb,
        plan.data_name,
        plan.base_method,
    )


def new_run(plan: Plan, name: str, fingerprint: str, verb: Verb = "train") -> Run:
    """Return the record of a plan's run, of which nothing has begun."""
    return Run(
        name=name,
        study=plan.study,
        method=plan.method,
        seed=plan.seed,
        fingerprint=fingerprint,
        config_hash=plan.config_hash,
        overrides=lasting_overrides(plan),
        verb=verb,
        data=plan.data_name,
    )


def lasting_overrides(plan: Plan) -> tuple[str, ...]:
    """Return the overrides that say what the run is; ``rerun`` was said once."""
    return tuple(override for override in plan.overrides if override.partition("=")[0] != "rerun")


def say_complete(run: Run) -> None:
    """Log that there is nothing to do."""
    logger.info("%s is complete (%.0f s then); rerun=true would make it anew", run.name, run.seconds)


def has_results(run_dir: Path) -> bool:
    """Whether the results of a complete run have not been deleted since."""
    return (run_dir / MEASURES).exists()


def fingerprint_of(plan: Plan, dataset: Dataset) -> str:
    """Return the hash of all that determines a run's result."""
    identity = {
        **engine_of(plan).identity(plan, dataset),
        "config": plan.config_hash,
        "split": dataset.split.sha256,
        "dataset": dataset.identity,
        "version": softcord.__version__,
    }
    return digest(identity)


def check_names(plans: Sequence[Plan], verb: Verb = "train") -> None:
    """Refuse runs that statistics would take for replicates of different ones.

    A test of a trained method on other data has its name, and is compared apart; two trainings of one name
    are refused on whatever data.

    Raises:
        UsageError: a study has, or would get, one method and seed, on the same data, with two configurations.
    """
    names: dict[_Name, tuple[str, str]] = {}
    for folder in dict.fromkeys(plan.study_dir for plan in plans):
        for run in read_study(folder):
            data = run.data or dataset_of(folder / run.name)
            for name in _names(folder, run.method, run.seed, data, run.verb) if run.is_complete else ():
                names[name] = (run.config_hash, run.name)
    for plan in plans:
        for name in _names(plan.study_dir, plan.method, plan.seed, plan.data_name, verb):
            other = names.setdefault(name, (plan.config_hash, " ".join(plan.overrides)))
            if other[0] != plan.config_hash:
                what = "settings" if verb == "train" else "weights or settings"
                said = f"has {plan.method} with seed {plan.seed} and other {what} ({other[1]})"
                raise UsageError(f"study {plan.study}", said, "Add variant=WORD to the name, or study=NAME")


# Study folder, method, seed, and name of the data; None stands for all data.
_Name = tuple[Path, str, int, str | None]


def _names(folder: Path, method: str, seed: int, data: str, verb: Verb) -> list[_Name]:
    """Return what no other run of a study may be called: a training anywhere, a test on its data."""
    anywhere = [(folder, method, seed, None)] if verb == "train" else []
    return [(folder, method, seed, data), *anywhere]


def latest_runs(plans: Sequence[Plan]) -> dict[tuple[Path, str], Run]:
    """Return the last run of each configuration that the plans ask for, by study folder and hash."""
    wanted = {_key(plan) for plan in plans}
    found = {
        (folder, run.config_hash): run
        for folder in dict.fromkeys(plan.study_dir for plan in plans)
        for run in read_study(folder)
    }
    return {key: run for key, run in found.items() if key in wanted}


def note_failure(plan: Plan, error: Exception, verb: Verb = "train") -> None:
    """Record why a plan's run failed, unless that was recorded where it happened."""
    if isinstance(error, BusyError):
        return  # the run is another process's
    run = latest_runs([plan]).get(_key(plan))
    if run is not None and run.state == "running":
        run_dir = plan.study_dir / run.name
        if not is_claimed(run_dir):  # its process was killed
            fail(run_dir, run, error)
    elif run is None or not run.fingerprint or (run.state, run.reason) != ("failed", reason(error)):
        n_attempts = run.n_attempts + 1 if run else 1
        (plan,) = labelled([plan]) if verb == "train" else (plan,)
        run = new_run(plan, run_name(plan.method, plan.seed, plan.config_hash), "", verb)
        fail(plan.study_dir / run.name, replace(run, started_at=time.time(), n_attempts=n_attempts), error)


def attempts_at(plans: Sequence[Plan]) -> Attempts:
    """Return the last attempt at each plan's run that there was so far."""
    return {key: run.mark for key, run in latest_runs(plans).items()}


def without_end(plans: list[Plan], before: Attempts) -> tuple[list[Plan], list[Plan]]:
    """Return the plans whose run has stopped without an end, and those whose run has not begun.

    What there was ``before``, a failure too, says nothing of this command.
    """
    entries = entries_of(plans)
    stopped, waiting = [], []
    for plan in plans:
        entry = entries.get(_key(plan))
        unfinished = entry is None or entry.standing in ("missing", "stale", "interrupted")
        if entry is None or entry.run is None or entry.run.mark == before.get(_key(plan)):
            again = entry is not None and (entry.standing == "failed" or plan.rerun)
            if unfinished or again:
                waiting.append(plan)
        elif unfinished:
            stopped.append(plan)
    return stopped, waiting


def running(plans: list[Plan]) -> list[Plan]:
    """Return the plans whose run some process is at."""
    entries = entries_of(plans)
    return [plan for plan in plans if (found := entries.get(_key(plan))) and found.standing == "running"]


def entries_of(plans: Sequence[Plan]) -> dict[tuple[Path, str], Entry]:
    """Return where each plan's run stands."""
    wanted = {_key(plan) for plan in plans}
    return {
        (folder, entry.config_hash): entry
        for folder in dict.fromkeys(plan.study_dir for plan in plans)
        for entry in read_entries(folder)
        if (folder, entry.config_hash) in wanted
    }


def finish(plans: list[Plan], show: Callable[[Plan, Sequence[Path]], None] | None = None) -> int:
    """Show the results of the runs that were asked for, name those that failed, say where to look."""
    entries = entries_of(plans)
    done = [
        folder / entry.run.name
        for (folder, _), entry in entries.items()
        if entry.run and entry.standing == "complete"
    ]
    if done:
        (show or _show_results)(plans[0], done)
    failed = _say_failed(entries)
    missing = len(entries) - len(done)
    if missing:
        logger.error(
            "%d of %d runs are not complete; the same command runs only those", missing, len(entries)
        )
    codes = {entry.run.exit_code for entry in failed if entry.run}
    if not done and len(failed) == len(entries) and len(codes) == 1:
        return codes.pop()  # everything failed for one reason: that reason's code says more
    return STUDY if missing else DONE


def _show_results(first: Plan, run_dirs: Sequence[Path]) -> None:
    measures = pd.concat([read_measures(folder / MEASURES) for folder in run_dirs], ignore_index=True)
    summary = summary_table(measures, format_levels(first.levels))
    word = "validation participant" if first.measured_on == "val" else "test participant"
    people = counted(measures["participant_id"].nunique(), word)
    show_table(summary, f"{first.study}: mean ± SD over {people}")
    show(f"\nresults    {first.study_dir}/")
    show(f"compare    python -m softcord.compare study={first.study}")
    show("dashboard  softcord ui")


def say_failed(plans: Sequence[Plan]) -> int:
    """Name the runs that failed, with reason, overrides and log; return how many there are."""
    return len(_say_failed(entries_of(plans)))


def _say_failed(entries: Mapping[tuple[Path, str], Entry]) -> list[Entry]:
    failed = [(folder, entry) for (folder, _), entry in entries.items() if entry.standing == "failed"]
    for folder, entry in failed:
        assert entry.run is not None
        log = folder / entry.run.name / LOG
        logger.error(
            "failed: %s: %s\n           %s\n           %s",
            entry.run.name,
            entry.run.reason,
            " ".join(entry.overrides),
            log if log.exists() else log.parent,
        )
    return [entry for _, entry in failed]


def _key(plan: Plan) -> tuple[Path, str]:
    return plan.study_dir, plan.config_hash


def _is_still_valid(plan: Plan, run: Run, opened: dict[str, Dataset]) -> bool:
    """Whether a complete run is the one that the plan describes, also after a look at the data."""
    if not has_results(plan.study_dir / run.name):
        return False
    key = data_key(plan)
    if key not in opened:
        opened[key] = open_dataset(plan)
    return fingerprint_of(plan, opened[key]) == run.fingerprint
