"""A job of a sweep as Hydra's launchers call it, here or in a process of its own: its error ends it alone."""

import gc
import logging
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from softcord.app.config.compose import Composed
from softcord.app.config.plan import Plan, make_plan
from softcord.app.console.exit_codes import wants_traceback
from softcord.app.console.remedies import told
from softcord.app.console.terminal import start_logging
from softcord.app.sweeps.accelerator import check_accelerator
from softcord.errors import BusyError, RunError, SoftcordError
from softcord.processes.parallel import end_with_parent

if TYPE_CHECKING:
    from softcord.sweep.search_settings import Outcome

logger = logging.getLogger("softcord")

Job: TypeAlias = "Callable[[Plan], Outcome | None]"


@dataclass(frozen=True)
class Contained:
    """What a launcher is given: the job, and who is told of its failure (None: the launcher)."""

    job: Job
    note_failure: Callable[[Plan, Exception], None] | None = None
    launched_by: tuple[str, int] = field(default_factory=lambda: (socket.gethostname(), os.getpid()))

    def __call__(self, config: DictConfig) -> "Outcome | None":
        """Run the job on a configuration; None where it failed."""
        self._settle()
        plan = _plan_of(config)
        logger.info("run %s: %s", _job_number(), " ".join(plan.overrides))
        try:
            check_accelerator(plan)  # the job may be on another machine than the command
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
        text = told(error) if isinstance(error, SoftcordError) else f"{type(error).__name__}: {error}"
        logger.error("the run failed: %s", text)


def _free_memory() -> None:
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
