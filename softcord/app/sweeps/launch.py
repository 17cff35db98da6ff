"""Run a Hydra verb: check every combination first, then run them, one bad run never stopping the rest."""

import gc
import logging
import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from softcord.app.config.compose import (
    Composed,
    Overrides,
    combinations,
    compose,
    config_dir,
    initialised,
    is_for_engine,
    normalise,
    register_experiments,
    sweeper,
)
from softcord.app.config.help import USAGE, help_text
from softcord.app.config.plan import Plan, make_plan
from softcord.app.console.exit_codes import DONE, STUDY, guarded, wants_traceback
from softcord.app.console.terminal import start_logging
from softcord.compat.hydra import launcher_context
from softcord.errors import BusyError, RunError, SoftcordError, UsageError
from softcord.processes.parallel import end_with_parent

if TYPE_CHECKING:
    from softcord.sweep.search_settings import Outcome

logger = logging.getLogger("softcord")

Job: TypeAlias = "Callable[[Plan], Outcome | None]"

_MULTIRUN = ("-m", "--multirun")
# Flags that Hydra answers by itself, without running anything.
_QUESTIONS = (
    "--help",
    "-h",
    "--hydra-help",
    "--version",
    "--cfg",
    "-c",
    "--info",
    "-i",
    "--shell-completion",
)


@dataclass(frozen=True)
class Study:
    """What a verb whose runs form a study is asked and told.

    ``check`` refuses a plan that cannot work, before anything runs. ``begin`` gets the command's arguments
    and all its plans and returns those left to run. ``watch`` shows how these come along. ``note_failure``
    records why one failed, in whatever process that was. ``without_end`` returns those that have begun since
    a moment (Unix time) but neither ended nor failed, and those that have not begun since, which an engine
    that broke down leaves.
    ``finish`` sums up and returns the exit code.
    """

    check: Callable[[Plan], None]
    begin: Callable[[Sequence[str], list[Plan]], list[Plan]]
    watch: Callable[[list[Plan]], AbstractContextManager[None]]
    note_failure: Callable[[Plan, Exception], None]
    without_end: Callable[[list[Plan], float], tuple[list[Plan], list[Plan]]]
    finish: Callable[[list[Plan]], int]


def launch(job: Job, arguments: Sequence[str], study: Callable[[], Study] | None = None) -> int:
    """Run ``job`` for each combination of the command line's values; return an exit code.

    ``study`` is called only when something is to run: what it imports must not slow down questions.
    """
    normal = normalise(arguments)
    if any(argument.split("=")[0] in _QUESTIONS for argument in normal):
        return guarded(lambda: _answer(normal))
    return guarded(lambda: _run(job, normal, study() if study else None))


def launch_once(verb: Callable[[Composed], int], arguments: Sequence[str], usage: str = USAGE) -> int:
    """Run a verb that has no runs to sweep over on one configuration; return its exit code.

    ``usage`` is what ``--help`` begins with.
    """
    normal = normalise(arguments)
    if any(argument.split("=")[0] in _QUESTIONS for argument in normal):
        return guarded(lambda: _answer(normal, usage))
    flags = [argument for argument in normal if argument.startswith("-")]
    if flags:
        return guarded(lambda: _refuse(flags[0]))
    return guarded(lambda: verb(compose(*normal)))


def _refuse(flag: str) -> int:
    raise UsageError(flag, "is not for this verb, which takes one configuration", "Leave it out")


def _answer(arguments: list[str], usage: str = USAGE) -> int:
    if {"--help", "-h"} & set(arguments):
        print(help_text(arguments, usage))
        return DONE
    if set(_MULTIRUN) & set(arguments):
        raise UsageError("-m", "sweeps, while --cfg and its like show one configuration", "Leave out -m")
    return _hydra(lambda _config: None, arguments)


def _run(job: Job, arguments: list[str], study: Study | None) -> int:
    overrides = tuple(argument for argument in arguments if not argument.startswith("-"))
    flags = [argument for argument in arguments if argument.startswith("-")]
    for flag in flags:
        if flag not in _MULTIRUN:
            raise UsageError(flag, "is not a flag of softcord", "Use -m to sweep, --cfg job to look, --help")
    if not flags:
        plan = _checked_plan(overrides, study)
        job(plan)
        return study.finish([plan]) if study else DONE

    from softcord.app.sweeps.search import SEARCH, check_search  # optuna and torch: seconds

    chosen = sweeper(overrides)
    if study and chosen["_target_"].startswith(SEARCH):
        check_search(overrides, chosen.get("params") or {}, study.check)
        return _hydra(Contained(job, study.note_failure), ["-m", *overrides])
    return run_all(job, combinations(overrides), _engine(overrides), study, arguments)


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
    plans = [_checked_plan(run, study) for run in runs]
    if study is None:
        return _exit_code(_launch(Contained(job), plans, engine))
    left = study.begin(arguments, plans)
    if left:
        with study.watch(left):
            _launch_until_all_ended(Contained(job, study.note_failure), left, engine, study)
    return study.finish(plans)


def _checked_plan(overrides: Overrides, study: Study | None) -> Plan:
    plan = make_plan(compose(*overrides))
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


def _launch_until_all_ended(task: "Contained", plans: list[Plan], engine: Overrides, study: Study) -> None:
    """Launch all; where the engine breaks down, go on with what has not begun, then try the rest one by one.

    joblib and submitit give up when a worker is killed, and take down the runs beside it: only a run that is
    killed again when it is alone is to blame.
    """
    since = time.time()
    alone: list[Plan] = []
    fresh = plans
    while fresh:
        _launch_or_say(task, fresh, engine)
        stopped, waiting = study.without_end(fresh, since)
        alone += stopped
        if len(waiting) == len(fresh):
            alone += waiting
            break
        fresh = waiting
    for plan in alone:
        logger.warning("%s ended without a result; it is tried once more, alone", plan.method)
        said = _launch_or_say(task, [plan], engine)
        stopped, waiting = study.without_end([plan], since)
        if stopped:
            what = f"was killed ({said})" if said else "was killed"
            study.note_failure(plan, RunError("its process", what, "Look for a lack of memory or time"))
        elif waiting:
            what = f"did not start the run ({said or 'and did not say why'})"
            study.note_failure(plan, RunError("the launcher", what, "Look at the settings of hydra.launcher"))


def _launch_or_say(task: "Contained", plans: Sequence[Plan], engine: Overrides) -> str:
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


def _launch(task: "Contained", plans: Sequence[Plan], engine: Overrides) -> list[JobReturn]:
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


@dataclass(frozen=True)
class Contained:
    """A job as Hydra's launchers call it, here or in a process of their own: its error ends it alone."""

    job: Job
    note_failure: Callable[[Plan, Exception], None] | None = None
    launched_by: tuple[str, int] = field(default_factory=lambda: (socket.gethostname(), os.getpid()))

    def __call__(self, config: DictConfig) -> "Outcome | None":
        """Run the job on a configuration; None where it failed."""
        self._settle()
        plan = _plan_of(config)
        logger.info("run %s: %s", _job_number(), " ".join(plan.overrides))
        try:
            return self.job(plan)
        except Exception as error:
            _log_failure(error)
            if self.note_failure is None:
                raise
            self.note_failure(plan, error)
        # The error held the net and its data; without a look the next run would lack their memory.
        _free_memory()
        return None

    def died(self, config: DictConfig, reason: str) -> None:
        """Record that the process of a job ended without a word; launchers that notice call this."""
        plan = _plan_of(config)
        error = RunError("its process", reason)
        _log_failure(error)
        if self.note_failure is None:
            raise error
        self.note_failure(plan, error)

    def _settle(self) -> None:
        """In a process that a launcher started: speak where nobody else does, and end with the launcher."""
        host, pid = self.launched_by
        if (socket.gethostname(), os.getpid()) == (host, pid):
            return

        if socket.gethostname() == host and os.getppid() == pid:
            end_with_parent(pid)
        if sys.stderr.isatty():
            # The launching process draws the sweep's one live view there.
            sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        start_logging()


def _plan_of(config: DictConfig) -> Plan:
    hydra = HydraConfig.get()
    resolved: Any = OmegaConf.to_container(config, resolve=True)
    choices = {str(group): str(option) for group, option in hydra.runtime.choices.items()}
    return make_plan(Composed(resolved, choices, tuple(hydra.overrides.task)))


def _job_number() -> int:
    return int(HydraConfig.get().job.num)


def _log_failure(error: Exception) -> None:
    if isinstance(error, BusyError):
        logger.warning("%s", error)
    elif wants_traceback():
        logger.error("the run failed", exc_info=error)
    else:
        text = str(error) if isinstance(error, SoftcordError) else f"{type(error).__name__}: {error}"
        logger.error("the run failed: %s", text)


def _free_memory() -> None:
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def _hydra(task: Callable[["DictConfig"], Any], arguments: list[str]) -> int:
    register_experiments(arguments)
    # Hydra reads the command line itself.
    before, sys.argv = sys.argv, ["softcord", *arguments]
    try:
        hydra.main(version_base="1.3", config_path=str(config_dir()), config_name="config")(task)()
    except SystemExit as end:
        return int(end.code or DONE)
    finally:
        sys.argv = before
    return DONE
