"""The process of one job: how it is started, what it does, how it ends."""

import faulthandler
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hydra.core.utils import JobReturn

# Hydra's context, the job's configuration, the task, and the state of Hydra's singletons.
Job = tuple[Any, Any, Any, Any]


_INTERRUPTS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class Worker:
    """A job's process as the launcher sees it."""

    number: int
    job: Job
    log: Path
    process: Any
    connection: Connection
    started_at: float = field(default_factory=time.monotonic)

    @property
    def waitables(self) -> list[Any]:
        """What becomes ready when the worker has a result or ends."""
        return [self.connection, self.process.sentinel]

    def has_ended(self) -> bool:
        """Whether there is a result, or never will be one."""
        return self.connection.poll() or self.process.exitcode is not None

    def receive(self) -> "JobReturn | None":
        """Return what the job returned and end its process; None if it died."""
        import cloudpickle

        try:
            if not self.connection.poll():
                return None
            returned: JobReturn = cloudpickle.loads(self.connection.recv_bytes())
        except (EOFError, OSError):
            self.process.join(1)  # its pipe is closed before its exit code is known
            return None
        self.process.join(10)
        self.kill()
        return returned

    def reason(self, timeout_s: float | None) -> str:
        """Say why there is no result."""
        code = self.process.exitcode
        if code is None:
            return f"was stopped after {timeout_s:.0f} s (hydra.launcher.timeout_min)"
        if code == -signal.SIGKILL:
            return "was killed (SIGKILL), most often for lack of memory"
        return f"was killed ({signal.Signals(-code).name})" if code < 0 else f"ended with exit code {code}"

    def signal(self, number: int) -> None:
        """Send a signal to the process."""
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, number)

    def kill(self) -> None:
        """End the process and all that it has started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        if self.process.is_alive():
            self.process.kill()
        self.process.join(10)
        self.connection.close()


def start(number: int, job: Job, environment: Mapping[str, str], log: Path, preload: Sequence[str]) -> Worker:
    """Start the process of one job; it is forked from a server that has imported ``preload``."""
    import cloudpickle

    context = get_context("forkserver")
    context.set_forkserver_preload(["softcord.processes.fork_server", *preload])
    log.parent.mkdir(parents=True, exist_ok=True)
    ours, theirs = context.Pipe(duplex=False)
    payload = cloudpickle.dumps(job)
    arguments = (payload, theirs, dict(environment), os.getcwd(), str(log))
    process = context.Process(target=work, args=arguments, name=f"job {number}")
    with _undisturbed():
        process.start()
    theirs.close()
    return Worker(number, job, log, process, ours)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait: a worker that is told only half of what to do says so in a traceback."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def work(
    payload: bytes, connection: Connection, environment: Mapping[str, str], folder: str, log: str
) -> None:
    """Run the job in this process and send what it returned."""
    # In a group of its own it hears of Ctrl-C only by the launcher, and can be ended with all it started.
    os.setpgid(0, 0)
    # The launcher asks it to stop by SIGINT, which a command started in the background would ignore.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPTS)
    threading.Thread(target=_end_with_launcher, daemon=True).start()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    _redirect_output(log)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(int(environment["OMP_NUM_THREADS"]))
    try:
        connection.send_bytes(_run(payload))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _end_with_launcher() -> None:
    """Wait for the launching process to end, in whatever way; then end this one and all it has started."""
    launcher = parent_process()
    assert launcher is not None
    launcher.join()
    os.killpg(0, signal.SIGKILL)


def _redirect_output(log: str) -> None:
    with open(log, "w", encoding="utf-8") as stream:
        for descriptor in (1, 2):
            os.dup2(stream.fileno(), descriptor)
    faulthandler.enable()


def _run(payload: bytes) -> bytes:
    import cloudpickle
    from hydra.core.hydra_config import HydraConfig
    from hydra.core.singleton import Singleton
    from hydra.core.utils import run_job, setup_globals

    context, config, task, singletons = cloudpickle.loads(payload)
    setup_globals()
    Singleton.set_state(singletons)
    HydraConfig.instance().set_config(config)
    returned = run_job(
        hydra_context=context,
        task_function=task,
        config=config,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
    )
    dumped: bytes = cloudpickle.dumps(returned)
    return dumped
