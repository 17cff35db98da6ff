"""Several jobs at once on one machine, each in a process of its own, which may die without harm to others."""

# Hydra imports every plugin at its start, and without entering it in sys.modules: keep imports light, and no
# `from __future__ import annotations`.
import os
import signal
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.plugins.launcher import Launcher

if TYPE_CHECKING:
    from hydra.core.utils import JobReturn
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig

    from hydra_plugins.softcord_pool.worker import Worker

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
# How many processes a job may start by itself: each of them imports for a second or two.
_CORES = "SOFTCORD_CORES"
# Beyond this, runs on a processor wait for memory rather than for cores.
_MOST_WITHOUT_GPU = 4
# How often deadlines are looked at; a job that ends is noticed at once.
_LOOK_EVERY_S = 0.5


class PoolLauncher(Launcher):
    """``hydra/launcher=pool``; conf/hydra/launcher/pool.yaml explains the settings.

    A job whose process ends without a word is told to the task's method ``died(config, reason)``, if it has
    one, and returns None. When this process ends, in whatever way, its workers end too.
    """

    def __init__(
        self,
        n_jobs: int = 0,
        gpus: Any = None,
        threads: int = 0,
        timeout_min: float | None = None,
        grace_s: float = 30.0,
        preload: Sequence[str] = (),
    ) -> None:
        self.gpus = [str(gpu) for gpu in gpus] if gpus is not None else None
        self.n_jobs, self.threads = n_jobs, threads
        self.timeout_min = timeout_min
        self.grace_s = grace_s
        self.preload = list(preload)

    def setup(
        self, *, hydra_context: "HydraContext", task_function: "TaskFunction", config: "DictConfig"
    ) -> None:
        """Take what every job shares."""
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    @property
    def timeout_s(self) -> float | None:
        """Seconds after which a job is stopped."""
        return None if self.timeout_min is None else 60 * self.timeout_min

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> "Sequence[JobReturn]":
        """Run every job, at most ``n_jobs`` at a time; return what they returned, in order."""
        from hydra.core.utils import configure_log, setup_globals

        from softcord.processes.program import environment, sigterm_as_interrupt

        self._check_settings()
        setup_globals()
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        slots = self._slots(len(job_overrides))
        waiting = deque(enumerate(job_overrides, initial_job_idx))
        free = list(reversed(range(len(slots))))
        running: dict[int, Worker] = {}
        returns: dict[int, JobReturn] = {}
        # For the process that imports once for all workers.
        threads = {name: slots[0][name] for name in _THREADS}
        with environment(threads), sigterm_as_interrupt():
            try:
                while waiting or running:
                    while waiting and free:
                        slot = free.pop()
                        running[slot] = self._start(*waiting.popleft(), slots[slot])
                    for slot in self._wait(running):
                        worker = running.pop(slot)
                        returns[worker.number] = self._take(worker)
                        free.append(slot)
            except KeyboardInterrupt:
                self._interrupt(running.values())
                raise
            finally:
                for worker in running.values():
                    worker.kill()
        return [returns[number] for number in sorted(returns)]

    def _check_settings(self) -> None:
        from softcord.errors import UsageError

        for key, value in (("n_jobs", self.n_jobs), ("threads", self.threads)):
            if not isinstance(value, int) or value < 0:
                raise UsageError(f"hydra.launcher.{key}", f"must be 0 (automatic) or more, got {value!r}")
        if self.timeout_min is not None and not (
            isinstance(self.timeout_min, int | float) and self.timeout_min > 0
        ):
            raise UsageError(
                "hydra.launcher.timeout_min", f"must be above 0 or null, got {self.timeout_min!r}"
            )

    def _slots(self, n_runs: int) -> list[dict[str, str]]:
        """Return the environment of each slot: its GPU and its share of the cores."""
        gpus = visible_gpus() if self.gpus is None else self.gpus
        cores = os.cpu_count() or 1
        n_slots = min(self.n_jobs or len(gpus) or min(cores, _MOST_WITHOUT_GPU), n_runs)
        share = max(1, cores // n_slots)
        shared = dict.fromkeys(_THREADS, str(self.threads or share)) | {_CORES: str(share)}
        if not gpus:
            return [shared] * n_slots
        return [shared | {"CUDA_VISIBLE_DEVICES": gpus[slot % len(gpus)]} for slot in range(n_slots)]

    def _start(self, number: int, overrides: Sequence[str], slot: Mapping[str, str]) -> "Worker":
        from hydra.core.singleton import Singleton
        from omegaconf import open_dict

        from hydra_plugins.softcord_pool.worker import start

        config = self.hydra_context.config_loader.load_sweep_config(self.config, list(overrides))
        with open_dict(config):
            config.hydra.job.id = f"{config.hydra.job.name}_{number}"
            config.hydra.job.num = number
        job = (self.hydra_context, config, self.task_function, Singleton.get_state())
        log = Path(str(self.config.hydra.sweep.dir)) / "logs" / f"job-{number}.txt"
        return start(number, job, {**os.environ, **slot}, log.absolute(), self.preload)

    def _wait(self, running: "Mapping[int, Worker]") -> list[int]:
        """Return the slots whose worker is done, dead, or out of time."""
        from multiprocessing.connection import wait

        wait([thing for worker in running.values() for thing in worker.waitables], timeout=_LOOK_EVERY_S)
        now = time.monotonic()
        return [
            slot
            for slot, worker in running.items()
            if worker.has_ended() or (self.timeout_s and now - worker.started_at > self.timeout_s)
        ]

    def _take(self, worker: "Worker") -> "JobReturn":
        """Return a worker's result; where there is none, tell the task why."""
        from hydra.core.utils import JobReturn, JobStatus

        returned = worker.receive()
        if returned is not None:
            return returned
        reason = worker.reason(self.timeout_s)
        worker.kill()
        config = worker.job[1]
        overrides = [str(one) for one in config.hydra.overrides.task]
        returned = JobReturn(overrides=overrides, hydra_cfg=config, status=JobStatus.COMPLETED)
        if worker.process.exitcode != 128 + signal.SIGINT:
            try:
                self._tell(config, f"{reason}; its last words are in {worker.log}")
            except Exception as error:
                returned.status, returned.return_value = JobStatus.FAILED, error
        return returned

    def _tell(self, config: "DictConfig", reason: str) -> None:
        """Tell the task, which sees its configuration as a job does; one that cannot be told fails."""
        from copy import deepcopy

        from hydra.core.hydra_config import HydraConfig
        from omegaconf import open_dict

        died = getattr(self.task_function, "died", None)
        if died is None:
            raise RuntimeError(f"a job {reason}")
        before = HydraConfig.instance().cfg
        HydraConfig.instance().set_config(config)
        own = deepcopy(config)
        try:
            with open_dict(own):
                del own["hydra"]
            died(own, reason)
        finally:
            HydraConfig.instance().cfg = before

    def _interrupt(self, workers: "Iterator[Worker] | Any") -> None:
        """Let workers record where they are, then end them."""
        asked = list(workers)
        for worker in asked:
            worker.signal(signal.SIGINT)
        deadline = time.monotonic() + self.grace_s
        for worker in asked:
            with suppress(KeyboardInterrupt):  # a second Ctrl-C ends the patience
                worker.process.join(max(0.0, deadline - time.monotonic()))


def visible_gpus() -> list[str]:
    """Return the GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is not None:
        return [gpu.strip() for gpu in given.split(",") if gpu.strip()]
    import torch

    return [str(gpu) for gpu in range(torch.cuda.device_count())]
