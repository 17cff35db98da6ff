"""How near to this processor's limit do training and prediction come, and what is the rest spent on?

    python benchmarks/bench_limit.py [--threads 1] [--rounds 3] [--only small] [--precision bfloat16]

The limits, measured in the same run: what a large matrix product reaches in each precision (GFLOP/s), and how
fast memory is copied (GB/s, read and written). Then, of a training step and of a prediction by each net:
floating-point operations as torch counts them, processor time by thread, what share of the matrix product's
speed that is, and which operations the time goes to (torch's profiler). Norm and activation compute next to
nothing: their limit is memory, so theirs is the time that copying the bytes that they read and write takes.
"""

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from bench_training import from_yaml, random_batch, training_step
from torch import nn
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
# Net, batch and patch of a training step; of a prediction, one window.
NETS = {
    "small": (2, (48, 64, 64)),
    "small_deep": (2, (48, 64, 128)),
    "nnunet": (1, (64, 96, 96)),
}
_MATRIX, _COPIED_BYTES = 3072, 2**29
# An operation belongs to the first of these that it, or one that called it, is named after.
KINDS = {
    "convolution": ("conv",),
    "norm": ("norm",),
    "activation": ("leaky",),
    "loss": ("awing", "pow", "log", "exp", "softplus", "where", "sigmoid"),
    "optimizer": ("adam", "optimizer"),
    "copies": ("cat", "copy", "contiguous", "clone"),
}
# How often a norm reads or writes all its values: forwards twice for the statistics and the values, once to
# write; backwards both inputs, for the sums and for the values, once to write. The activation, in place.
_NORM, _ACTIVATION = {"predict": 3, "train": 3 + 5}, {"predict": 2, "train": 2 + 3}


@dataclass(frozen=True)
class Limits:
    """What the processor does at most, in ``threads``: FLOP/s by precision, and bytes a second."""

    flop_s: dict[str, float]
    bytes_s: float


def seconds(run: Callable[[], object], rounds: int, threads: int) -> float:
    """Median processor time of a run by thread, so that other programs do not count."""
    run()
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        taken.append((time.process_time() - start) / threads)
    return statistics.median(taken)


def measure_limits(threads: int) -> Limits:
    flop_s = {}
    for name, dtype in PRECISIONS.items():
        a, b = (torch.randn(_MATRIX, _MATRIX).to(dtype) for _ in range(2))
        flop_s[name] = 2 * _MATRIX**3 / seconds(lambda a=a, b=b: a @ b, 5, threads)
    source = torch.ones(_COPIED_BYTES // 4)
    target = torch.empty_like(source)
    bytes_s = 2 * _COPIED_BYTES / seconds(lambda: target.copy_(source), 5, threads)
    return Limits(flop_s, bytes_s)


def work_of(model: str, what: str, precision: str) -> Callable[[], object]:
    """Return a training step, or the prediction of one window."""
    batch, patch = NETS[model]
    is_bf16 = precision == "bfloat16"
    if what == "train":
        data = random_batch(batch, patch)
        step = training_step(model, torch.device("cpu"), is_bf16=is_bf16, channels_last=False)
        return lambda: step(data)
    net: nn.Module = from_yaml(f"model/{model}").eval()
    window = random_batch(1, patch)["image"]

    def predict() -> None:
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=is_bf16):
            net(window)

    return predict


def operations(run: Callable[[], object]) -> int:
    """Floating-point operations of convolutions and matrix products, forwards and backwards."""
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


def least_bytes(model: str, what: str, precision: str) -> int:
    """Bytes that norms and activations read and write, each for itself and nothing twice."""
    batch, patch = NETS[model] if what == "train" else (1, NETS[model][1])
    net: nn.Module = from_yaml(f"model/{model}").train(what == "train")
    total = 0

    def count(passes: int) -> Callable[..., None]:
        def hook(_module: nn.Module, _inputs: Any, output: torch.Tensor) -> None:
            nonlocal total
            total += passes * output.numel() * output.element_size()

        return hook

    for module in net.modules():
        if isinstance(module, nn.InstanceNorm3d):
            module.register_forward_hook(count(_NORM[what]))
        elif isinstance(module, nn.LeakyReLU):
            module.register_forward_hook(count(_ACTIVATION[what]))
    is_bf16 = precision == "bfloat16"
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=is_bf16):
        net(random_batch(batch, patch)["image"])
    return total


def shares(run: Callable[[], object]) -> dict[str, float]:
    """Return the share of the time by kind of operation; what is named nowhere is ``other``."""
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        run()
    spent_us: Counter[str] = Counter()
    for event in profiler.events() or ():
        spent_us[kind_of(event)] += event.self_cpu_time_total
    total = spent_us.total()
    return {kind: spent_us[kind] / total for kind in (*KINDS, "other")}


def kind_of(event: Any) -> str:
    names = []
    while event is not None:
        names.append(event.name.lower())
        event = event.cpu_parent
    for kind, words in KINDS.items():
        if any(word in name for name in names for word in words):
            return kind
    return "other"


def bench(model: str, what: str, precision: str, limits: Limits, options: argparse.Namespace) -> None:
    run = work_of(model, what, precision)
    flop, spent_s = operations(run), seconds(run, options.rounds, options.threads)
    reached, part = flop / spent_s / limits.flop_s[precision], shares(run)
    memory_s = least_bytes(model, what, precision) / limits.bytes_s
    print(
        f"{model:<11}{what:<8}{precision:<9}{flop / 1e9:8.1f}{1e3 * spent_s:8.0f}{flop / spent_s / 1e9:9.0f}"
        f"{100 * reached:6.0f}%  {''.join(f'{100 * part[kind]:6.0f}%' for kind in part)}"
        f"{1e3 * memory_s:8.0f} of {1e3 * spent_s * (part['norm'] + part['activation']):.0f} ms",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=NETS, action="append")
    parser.add_argument("--precision", choices=PRECISIONS, action="append")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    limits = measure_limits(options.threads)
    print(f"torch {torch.__version__}, {options.threads} threads; processor time by thread")
    for name, flop_s in limits.flop_s.items():
        print(f"matrix product of {_MATRIX} x {_MATRIX}, {name}: {flop_s / 1e9:.0f} GFLOP/s")
    print(f"copying {_COPIED_BYTES / 2**20:.0f} MB: {limits.bytes_s / 1e9:.1f} GB/s read and written")
    heads = ("conv.", "norm", "activ.", "loss", "optim.", "copies", "other")
    print(f"\n{'net':<11}{'work':<8}{'':<9}{'GFLOP':>8}{'ms':>8}{'GFLOP/s':>9}{'share':>7}  ", end="")
    print("".join(f"{head:>7}" for head in heads), "  norm + activation: least of measured")
    for model in options.only or NETS:
        for what in ("train", "predict"):
            for precision in options.precision or PRECISIONS:
                bench(model, what, precision, limits, options)


if __name__ == "__main__":
    main()
