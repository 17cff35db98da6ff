"""Run a Hydra verb: check every combination first, then run them, one bad run never stopping the rest."""

import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from softcord.app.compose import (
    Composed,
    combinations,
    compose,
    config_dir,
    experiments,
    normalise,
    register_experiments,
    sweeper,
)
from softcord.app.exit import DONE, guarded, wants_traceback
from softcord.app.plan import Plan, make_plan
from softcord.app.search import SEARCH, check_search
from softcord.errors import SoftcordError, UsageError
from softcord.sweep.search import Outcome

if TYPE_CHECKING:
    from omegaconf import DictConfig

logger = logging.getLogger("softcord")

Job = Callable[[Plan], Outcome | None]
Check = Callable[[Plan], None]

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
class Failure:
    """A run of a sweep that failed, and why."""

    overrides: tuple[str, ...]
    error: Exception


Finish = Callable[[list[Plan], list[Failure]], int]


def _nothing_more(_plan: Plan) -> None:
    """Check no more than :func:`make_plan` does."""


def launch(
    job: Job, arguments: Sequence[str], finish: Finish | None = None, check: Check = _nothing_more
) -> int:
    """Run ``job`` for each combination of the command line's values; return an exit code.

    ``check`` sees every plan before the first job. ``finish`` sees the plans and what failed after the last
    job, and returns the exit code.
    """
    normal = normalise(arguments)
    if any(argument.split("=")[0] in _QUESTIONS for argument in normal):
        return guarded(lambda: _answer(normal))
    return guarded(lambda: _run(job, normal, finish, check))


def launch_once(verb: Callable[[Composed], int], arguments: Sequence[str]) -> int:
    """Run a verb that has no runs to sweep over on one configuration; return its exit code."""
    normal = normalise(arguments)
    if any(argument.split("=")[0] in _QUESTIONS for argument in normal):
        return guarded(lambda: _answer(normal))
    flags = [argument for argument in normal if argument.startswith("-")]
    if flags:
        return guarded(lambda: _refuse(flags[0]))
    return guarded(lambda: verb(compose(*normal)))


def _refuse(flag: str) -> int:
    raise UsageError(flag, "is not for this verb, which takes one configuration", "Leave it out")


def _answer(arguments: list[str]) -> int:
    code = _hydra(lambda _config: None, arguments)
    if {"--help", "-h"} & set(arguments):
        print(f"\nexperiment: {', '.join(sorted(experiments()))}")
    return code


def _run(job: Job, arguments: list[str], finish: Finish | None, check: Check) -> int:
    overrides = tuple(argument for argument in arguments if not argument.startswith("-"))
    flags = [argument for argument in arguments if argument.startswith("-")]
    for flag in flags:
        if flag not in _MULTIRUN:
            raise UsageError(flag, "is not a flag of softcord", "Use -m to sweep, --cfg job to look, --help")
    if not flags:
        plan = make_plan(compose(*overrides))
        check(plan)
        job(plan)
        return finish([plan], []) if finish else DONE
    chosen = sweeper(overrides)
    if chosen["_target_"].startswith(SEARCH):
        check_search(overrides, chosen.get("params") or {}, check)
        return _hydra(lambda config: _contained(job, config, []), ["-m", *overrides])
    plans = [make_plan(compose(*run)) for run in combinations(overrides)]
    for plan in plans:
        check(plan)
    failures: list[Failure] = []
    _hydra(lambda config: _contained(job, config, failures), ["-m", *overrides])
    return finish(plans, failures) if finish else DONE


def _contained(job: Job, config: "DictConfig", failures: list[Failure]) -> Outcome | None:
    """Run one job of a sweep; keep its error, so that the others go on."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    hydra = HydraConfig.get()
    resolved: Any = OmegaConf.to_container(config, resolve=True)
    choices = {str(group): str(option) for group, option in hydra.runtime.choices.items()}
    composed = Composed(resolved, choices, tuple(hydra.overrides.task))
    logger.info("run %s: %s", hydra.job.num, " ".join(composed.overrides))
    try:
        return job(make_plan(composed))
    except Exception as error:
        if wants_traceback():
            logger.exception("the run failed")
        else:
            text = str(error) if isinstance(error, SoftcordError) else f"{type(error).__name__}: {error}"
            logger.error("the run failed: %s", text)
        failures.append(Failure(composed.overrides, error))
        return None


def _hydra(task: Callable[["DictConfig"], Any], arguments: list[str]) -> int:
    import hydra

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
