"""Run a Hydra verb: check every combination first, then run them, one bad run never stopping the rest."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.types import RunMode

from softcord.app.config.compose import (
    Composed,
    Overrides,
    combinations,
    compose,
    initialised,
    is_for_engine,
    sweeper,
)
from softcord.app.config.help import USAGE
from softcord.app.config.own_flags import settled
from softcord.app.config.plan import Plan, make_plan
from softcord.app.console.exit_codes import DONE, STUDY, guarded, wants_traceback
from softcord.app.own.folders import say_own_confs
from softcord.app.sweeps.accelerator import check_accelerator
from softcord.app.sweeps.job import Contained, Job
from softcord.app.sweeps.show_config import MULTIRUN, answer, is_question, run_hydra
from softcord.compat.hydra import launcher_context
from softcord.errors import BusyError, RunError, SoftcordError, UsageError

if TYPE_CHECKING:
    from softcord.app.sweeps.runs import Attempts

logger = logging.getLogger("softcord")

_LOOK_EVERY_S = 1.0


@dataclass(frozen=True)
class Study:
    """What a verb whose runs form a study is asked and told.

    ``check`` refuses a plan that cannot work, before anything runs. ``begin`` gets the command that the study
    is to remember, all plans, and the engine (hydra/...) that is to run them, and returns those left to run.
    ``watch`` shows how these come along. ``note_failure``
    records why one failed, in whatever process that was. ``attempts_at`` returns the last attempt at each
    run. ``without_end`` returns those that have begun since such a look but neither ended nor failed, and
    those that have not begun since, which an engine that broke down leaves. ``running`` returns those that
    some process is at.
    ``finish`` sums up and returns the exit code.
    """

    check: Callable[[Plan], None]
    begin: Callable[[Sequence[str], list[Plan], Overrides], list[Plan]]
    watch: Callable[[list[Plan]], AbstractContextManager[None]]
    note_failure: Callable[[Plan, Exception], None]
    attempts_at: "Callable[[list[Plan]], Attempts]"
    without_end: "Callable[[list[Plan], Attempts], tuple[list[Plan], list[Plan]]]"
    running: Callable[[list[Plan]], list[Plan]]
    finish: Callable[[list[Plan]], int]


def launch(
    job: Job, arguments: Sequence[str], study: Callable[[], Study] | None = None, usage: str = USAGE
) -> int:
    """Run ``job`` for each combination of the command line's values; return an exit code.

    ``usage`` is what ``--help`` begins with. ``study`` is called only when something is to run: what it
    imports must not slow down questions.
    """
    return guarded(lambda: _launch_here(job, arguments, study, usage))


def _launch_here(job: Job, arguments: Sequence[str], study: Callable[[], Study] | None, usage: str) -> int:
    normal = settled(arguments)
    if is_question(normal):
        return answer(normal, usage)
    say_own_confs()
    return _run(job, normal, study() if study else None)


def launch_once(verb: Callable[[Composed], int], arguments: Sequence[str], usage: str = USAGE) -> int:
    """Run a verb that has no runs to sweep over on one configuration; return its exit code.

    ``usage`` is what ``--help`` begins with.
    """
    return guarded(lambda: _launch_one_here(verb, arguments, usage))


def _launch_one_here(verb: Callable[[Composed], int], arguments: Sequence[str], usage: str) -> int:
    normal = settled(arguments)
    if is_question(normal):
        return answer(normal, usage)
    for flag in (argument for argument in normal if argument.startswith("-")):
        raise UsageError(flag, "is not for this verb, which takes one configuration", "Leave it out")
    say_own_confs()
    return verb(compose(*normal))


def _run(job: Job, arguments: list[str], study: Study | None) -> int:
    overrides = tuple(argument for argument in arguments if not argument.startswith("-"))
    flags = [argument for argument in arguments if argument.startswith("-")]
    for flag in flags:
        if flag not in MULTIRUN:
            raise UsageError(flag, "is not a flag of softcord", "Use -m to sweep, --cfg job to look, --help")
    if not flags:
        plan = _checked_plan(overrides, study, ())
        _run_one(job, plan, study)
        return study.finish([plan]) if study else DONE

    from softcord.app.sweeps.search import SEARCH, check_search  # optuna and torch: seconds

    chosen = sweeper(overrides)
    if study and chosen["_target_"].startswith(SEARCH):
        elsewhere = _engine(overrides)

        def check(plan: Plan) -> None:
            study.check(plan)
            check_accelerator(plan, elsewhere)

        check_search(overrides, chosen.get("params") or {}, check)
        return run_hydra(Contained(job, study.note_failure), ["-m", *overrides])
    return run_all(job, combinations(overrides), _engine(overrides), study, arguments)


def _run_one(job: Job, plan: Plan, study: Study | None) -> None:
    """Run the job here; record its failure as a sweep does, and let it end the command."""
    if study is None:
        job(plan)
        return
    is_left = bool(study.begin((), [plan], ()))
    while is_left:
        try:
            job(plan)
            is_left = False
        except BusyError:
            _wait_for_others([plan], study)
        except Exception as error:
            study.note_failure(plan, error)
            raise


def run_all(
    job: Job,
    runs: Sequence[Overrides],
    engine: Overrides,
    study: Study | None,
    arguments: Sequence[str],
) -> int:
    """Check all runs, then run those that are left in the engine that ``engine`` (hydra/...) names.

    ``arguments`` are the command that the study remembers.
    """
    plans = [_checked_plan(run, study, engine) for run in runs]
    if study is None:
        return _exit_code(_launch(Contained(job), plans, engine))
    left = study.begin(arguments, plans, engine)
    if left:
        with study.watch(left):
            _launch_until_all_ended(Contained(job, study.note_failure), left, engine, study)
            while _wait_for_others(left, study):
                stopped, waiting = study.without_end(left, {})
                task = Contained(job, study.note_failure)
                _launch_until_all_ended(task, stopped + waiting, engine, study)
    return study.finish(plans)


def _wait_for_others(plans: list[Plan], study: Study) -> bool:
    """Wait for runs that another process is at, as it was given the same command; whether there were any."""
    others = study.running(plans)
    if others:
        what = "%s: run by another process; waiting for it (Ctrl-C leaves it to that process)"
        logger.warning(what, ", ".join(f"{plan.method} seed {plan.seed}" for plan in others))
    while study.running(others):
        time.sleep(_LOOK_EVERY_S)
    return bool(others)


def _checked_plan(overrides: Overrides, study: Study | None, engine: Overrides) -> Plan:
    plan = make_plan(compose(*overrides))
    check_accelerator(plan, engine)
    if study:
        study.check(plan)
    return plan


def _engine(overrides: Overrides) -> Overrides:
    """Return the overrides that say how jobs are run, which all runs of a sweep share."""
    chosen = tuple(override for override in overrides if is_for_engine(override))
    for override in chosen:
        if "," in override.partition("=")[2] and "[" not in override:
            raise UsageError(override, "gives several values", "A sweep has one launcher")
    return chosen


def _launch_until_all_ended(task: Contained, plans: list[Plan], engine: Overrides, study: Study) -> None:
    """Launch all; where the engine breaks down, go on with what has not begun, then try the rest one by one.

    joblib and submitit give up when a worker is killed, and take down the runs beside it: only a run that is
    killed again when it is alone is to blame.
    """
    before = study.attempts_at(plans)
    alone: list[Plan] = []
    fresh = plans
    while fresh:
        _launch_or_say(task, fresh, engine)
        stopped, waiting = study.without_end(fresh, before)
        alone += stopped
        if len(waiting) == len(fresh):
            alone += waiting
            break
        fresh = waiting
    for plan in alone:
        logger.warning("%s ended without a result; it is tried once more, alone", plan.method)
        before = study.attempts_at([plan])
        said = _launch_or_say(task, [plan], engine)
        stopped, waiting = study.without_end([plan], before)
        if stopped:
            what = f"was killed ({said})" if said else "was killed"
            study.note_failure(plan, RunError("its process", what, "Look for a lack of memory or time"))
        elif waiting:
            what = f"did not start the run ({said or 'and did not say why'})"
            study.note_failure(plan, RunError("the launcher", what, "Look at the settings of hydra.launcher"))


def _launch_or_say(task: Contained, plans: Sequence[Plan], engine: Overrides) -> str:
    """Launch; return why the launcher gave up, nothing if it did not."""
    try:
        _launch(task, plans, engine)
    except (SoftcordError, MemoryError):
        raise
    except Exception as error:
        if wants_traceback():
            logger.exception("the launcher gave up")
        said = f"{type(error).__name__}: {_first_line(error)}"
        logger.warning("the launcher gave up (%s)", said)
        return said
    return ""


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0]


def _launch(task: Contained, plans: Sequence[Plan], engine: Overrides) -> list[JobReturn]:
    """Run the task on every plan's overrides by Hydra's launcher, without a sweeper of Hydra's between."""
    runs = [list(plan.overrides) for plan in plans]
    with initialised([override for run in runs for override in run]):
        hydra = GlobalHydra.instance().hydra
        assert hydra is not None
        config = hydra.compose_config("config", [*runs[0], *engine], run_mode=RunMode.MULTIRUN)
        context = launcher_context(hydra.config_loader, config)
        launcher = Plugins.instance().instantiate_launcher(
            hydra_context=context, task_function=task, config=config
        )
        size = config.hydra.sweeper.get("max_batch_size") or len(runs)
        returns: list[JobReturn] = []
        for start in range(0, len(runs), size):
            returns += launcher.launch(runs[start : start + size], start)
        return returns


def _exit_code(returns: Sequence[JobReturn]) -> int:
    return DONE if all(one.status == JobStatus.COMPLETED for one in returns) else STUDY
