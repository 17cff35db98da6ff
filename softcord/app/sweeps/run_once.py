"""Bring one run to its end, however often it is asked for: recognised if complete, else gone on with."""

import logging
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import torch

from softcord.app.config.method_name import run_name
from softcord.app.config.plan import Plan
from softcord.app.console.terminal import logging_to
from softcord.app.records.record import send_kept
from softcord.app.sweeps.runs import has_results, planned, say_complete
from softcord.hints import counted
from softcord.processes.load import idle_cores, threads_beside_others
from softcord.sweep.commands import is_asked_for, record_command
from softcord.sweep.folder import LOG
from softcord.sweep.ledger import Run, Verb, attempt, claim, leftovers, read_run
from softcord.train.device import resolved, training_device
from softcord.train.settings import PRECISIONS, MachineSettings
from softcord.train.threads import computing_in

logger = logging.getLogger("softcord")

# Gets the plan for this machine, the run as it is recorded, and its folder.
Work = Callable[[Plan, Run, Path], None]


def run_once(new: Run, plan: Plan, work: Work, work_folders: Iterable[str]) -> None:
    """Do a run's work in its folder, unless it is complete.

    Args:
        new: the run as it is if nothing of it is there yet.
        plan: what it is a run of.
        work: gets the plan with the machine's choices made, the run as it is recorded, and its folder;
            goes on from what it finds there.
        work_folders: what it makes on its way, below its folder. Without them it starts anew.

    Raises:
        BusyError: another process is at it.
        PrunedError: its search gave it up.
    """
    run_dir = plan.study_dir / new.name
    with claim(run_dir):
        _remember(plan, new.verb)
        _forget_unopened(plan)
        run = read_run(run_dir)
        if run and run.is_complete and has_results(run_dir) and not plan.rerun:
            say_complete(run)
            send_kept(run_dir, run, plan.paths.store_dir)
            return
        if run is None or plan.rerun:
            run = replace(new, n_attempts=run.n_attempts if run else 0)
            for folder in work_folders:
                shutil.rmtree(run_dir / folder, ignore_errors=True)
        for path in leftovers(run_dir):
            path.unlink(missing_ok=True)
        with logging_to(run_dir / LOG):
            run, machine = _computing(run, plan.machine)
            with computing_in(run.threads), attempt(run_dir, run) as begun:
                work(replace(plan, machine=machine), begun, run_dir)


def _remember(plan: Plan, verb: Verb) -> None:
    """Add a run that no recorded command asks for to its study."""
    if not is_asked_for(plan.study_dir, plan.config_hash):
        record_command(plan.study_dir, plan.overrides, [planned(plan, verb)])


def _computing(run: Run, machine: MachineSettings) -> tuple[Run, MachineSettings]:
    """Return the run and the machine with threads, precision and layout decided, in all attempts alike.

    What is trained depends on them in its last bits, and launchers give their jobs different numbers.
    """
    here = resolved(_as_begun(run, machine))
    threads = run.threads or machine.threads or _threads_now()
    if machine.threads not in (0, threads):
        said = "%s goes on in the number of threads that it began in: %d, not %d"
        logger.warning(said, run.name, threads, machine.threads)
    if here.precision not in (machine.precision, "auto") and machine.precision != "auto":
        said = "%s goes on in the precision that it began in: %s, not %s"
        logger.warning(said, run.name, here.precision, machine.precision)
    layout = ", channels-last" if here.channels_last else ""
    logger.info("computing in %s, %s%s", counted(threads, "thread"), here.precision, layout)
    decided = replace(
        run, threads=threads, precision=here.precision, channels_last=here.channels_last is True
    )
    return decided, replace(here, threads=threads)


def _as_begun(run: Run, machine: MachineSettings) -> MachineSettings:
    """Return the machine with the precision and layout of a run that has begun, if this device has them."""
    on_processor = training_device(machine).type == "cpu"
    precision = next((known for known in PRECISIONS if known == run.precision), None)
    if precision is None or (precision == "float16" and on_processor):
        return machine
    return replace(machine, precision=precision, channels_last=run.channels_last)


def _threads_now() -> int:
    """Return the threads that the launcher or the environment gives, else those for which cores are free."""
    most = torch.get_num_threads()
    if most == 1 or "OMP_NUM_THREADS" in os.environ:
        return most
    idle = idle_cores()
    threads = threads_beside_others(most, idle)
    if threads < most:
        said = "other programs use %.1f of %d cores, so this run takes %d (machine.threads=%d takes all)"
        logger.info(said, max(0.0, most - idle), most, threads, most)
    return threads


def _forget_unopened(plan: Plan) -> None:
    """Remove the record of a failure that came before the data could be opened; now they can."""
    run_dir = plan.study_dir / run_name(plan.method, plan.seed, plan.config_hash)
    run = read_run(run_dir)
    if run and not run.fingerprint:
        with claim(run_dir):
            shutil.rmtree(run_dir, ignore_errors=True)
