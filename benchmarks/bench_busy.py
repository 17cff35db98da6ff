"""How much slower on a busy machine, and what do the waits of OpenMP's threads cost on an idle one?

    python benchmarks/bench_busy.py [--steps 15] [--loops 2] [--waits default gomp 1000 passive default/1]
        [--only "train small"]

Each way of waiting has a process of its own. They take turns, one step each, first alone and then beside
``--loops`` busy loops (default: one per core), so that whatever else the machine does hits all alike.
``default`` is what ``import softcord`` sets, ``gomp`` is libgomp as it comes, a number is GOMP_SPINCOUNT,
``passive`` is OMP_WAIT_POLICY=PASSIVE; ``/1`` behind any of them computes in one thread. Prints medians of
wall and processor time of a step. Beside one busy loop, half a core is a fair share: "busy/idle" would be 2.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

# Model, batch, patch: trainings as of the demo and of the paper's net in a small patch.
WORK = {
    "train small": ("small", 1, (32, 48, 64)),
    "train small_deep": ("small_deep", 2, (48, 48, 48)),
    "train nnunet": ("nnunet", 1, (32, 64, 64)),
    "predict small": ("small", 1, (32, 48, 64)),
    "predict nnunet": ("nnunet", 1, (48, 64, 128)),
}
_SET = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "KMP_BLOCKTIME")
_BUSY_LOOP = [sys.executable, "-c", "while True: pass"]


@dataclass
class Waiting:
    """A process whose OpenMP waits in one way, and what its steps took in ms: (wall, processor)."""

    name: str
    process: "subprocess.Popen[str]"
    idle: list[tuple[float, float]] = field(default_factory=list)
    busy: list[tuple[float, float]] = field(default_factory=list)

    def step(self) -> tuple[float, float]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("step\n")
        self.process.stdin.flush()
        wall_ms, processor_ms = map(float, self.process.stdout.readline().split())
        return wall_ms, processor_ms


@contextmanager
def waiting(name: str, work: str, threads: str) -> Iterator[Waiting]:
    wait, _, fewer = name.partition("/")
    environment = {key: value for key, value in os.environ.items() if key not in _SET}
    environment["PYTHONPATH"] = str(Path(__file__).parents[1])
    if wait == "gomp":
        environment["GOMP_SPINCOUNT"] = "300000"  # what libgomp takes where nothing is set
    elif wait == "passive":
        environment["OMP_WAIT_POLICY"] = "PASSIVE"
    elif wait != "default":
        environment["GOMP_SPINCOUNT"] = wait
    command = [sys.executable, __file__, "--child", work, "--threads", fewer or threads]
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Waiting(name, process)
    finally:
        process.kill()
        process.wait()


@contextmanager
def busy_loops(n: int) -> Iterator[None]:
    loops = [subprocess.Popen(_BUSY_LOOP) for _ in range(n)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def child(work: str, threads: int) -> None:
    """Do a step for every line of the standard input."""
    import softcord  # isort: skip # before torch, as every verb has it

    assert softcord.__version__
    import torch

    torch.set_num_threads(threads)
    run = step_of(work)
    for _ in range(3):
        run()
    for _ in sys.stdin:
        wall, processor = time.perf_counter(), time.process_time()
        run()
        wall_ms, processor_ms = 1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - processor)
        print(wall_ms, processor_ms, flush=True)


def step_of(work: str) -> Callable[[], object]:
    import torch
    from bench_training import from_yaml, random_batch, training_step

    model, n, patch = WORK[work]
    batch = random_batch(n, patch)
    if work.startswith("train"):
        step = training_step(model, torch.device("cpu"), is_bf16=True, channels_last=False)
        return lambda: step(batch)
    net = from_yaml(f"model/{model}").eval()

    def predict() -> None:
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
            net(batch["image"])

    return predict


def bench(work: str, options: argparse.Namespace) -> None:
    print(f"\n{work}: ms a step, wall (processor); {options.threads} threads, {options.loops} busy loops")
    with ExitStack() as stack:
        ways = [stack.enter_context(waiting(wait, work, str(options.threads))) for wait in options.waits]
        for way in ways:
            way.step()
        take_turns(ways, options.steps, "idle")
        with busy_loops(options.loops):
            take_turns(ways, options.steps, "busy")
    for way in ways:
        idle_ms, idle_cpu_ms = medians(way.idle)
        busy_ms, busy_cpu_ms = medians(way.busy)
        alone = f"  {way.name:10s} idle {idle_ms:8.1f} ({idle_cpu_ms:8.1f})"
        beside = f"   busy {busy_ms:8.1f} ({busy_cpu_ms:8.1f})   busy/idle {busy_ms / idle_ms:5.2f}"
        print(alone + beside, flush=True)


def take_turns(ways: list[Waiting], steps: int, when: str) -> None:
    for n in range(steps):
        for way in ways[n % len(ways) :] + ways[: n % len(ways)]:
            getattr(way, when).append(way.step())


def medians(steps: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(wall for wall, _ in steps), statistics.median(cpu for _, cpu in steps)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--waits", nargs="+", default=["gomp", "default", "passive"])
    parser.add_argument("--only", choices=WORK, action="append")
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--loops", type=int, default=os.cpu_count())
    parser.add_argument("--child", choices=WORK, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.threads)
        return
    print(f"Load of the last minute before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for work in options.only or WORK:
        bench(work, options)


if __name__ == "__main__":
    main()
