"""How fast are the patches, how fast is the net, and which one waits?

    python benchmarks/bench_training.py [--model small] [--batch 4] [--threads 2] [--rounds 7]
        [--workers 0 1 2] [--compile] [--paper-loop]

Prints augmentation beside the same transforms of MONAI, one training step in each precision and memory
layout with the memory that was estimated for it, and the share of an epoch in which the net waits for data.
``--compile`` adds compiled steps, ``--paper-loop`` an epoch as the paper's code has it: MONAI's transforms in
the loading processes, the net in float32.
"""

import argparse
import importlib
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai import transforms as monai
from omegaconf import OmegaConf
from torch import nn
from torch.utils.data import DataLoader, Dataset

from softcord.data.cache import CachedVolume
from softcord.losses.deep import DeepSupervisionLoss
from softcord.train.memory import PROGRAM_BYTES, training_bytes
from softcord.train.on_device import augmented, collate
from softcord.train.patches import PatchDataset

CONF = Path(__file__).parents[1] / "conf"


def build(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    arguments = {key: build(value) for key, value in node.items() if key != "_target_"}
    module, name = node["_target_"].rsplit(".", 1)
    return getattr(importlib.import_module(module), name)(**arguments)


def from_yaml(choice: str) -> Any:
    """Build a choice of conf/ with the default recipe."""
    recipe = OmegaConf.load(CONF / "recipe/default.yaml")
    node = OmegaConf.merge(recipe, {"it": OmegaConf.load(CONF / f"{choice}.yaml")})
    return build(OmegaConf.to_container(node, resolve=True)["it"])


def median_ms(run: Callable[[], object], rounds: int) -> float:
    run()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def make_volumes(folder: Path, count: int, patch: tuple[int, ...]) -> list[CachedVolume]:
    rng = np.random.default_rng(0)
    shape = tuple(max(pair) for pair in zip((64, 128, 128), patch, strict=True))
    volumes = []
    for n in range(count):
        softseg = np.zeros(shape, dtype=np.float16)
        softseg[28:36, 60:68] = 0.8
        volume = CachedVolume(folder / f"{n}.npy", folder / f"{n}_softseg.npy", folder / f"{n}_cord.npy")
        np.save(volume.image, rng.random(shape, dtype=np.float32).astype(np.float16))
        np.save(folder / f"{n}_softseg.npy", softseg)
        np.save(folder / f"{n}_cord.npy", np.argwhere(softseg > 0.5)[::8].astype(np.int16))
        volumes.append(volume)
    return volumes


def monai_chain(image_mode: int | str) -> monai.Compose:
    """The paper's list with MONAI's transforms; an image mode of 2 is the spline of the paper's code."""
    both = ["image", "softseg"]
    turn = math.radians(20)
    return monai.Compose(
        [
            monai.RandAffined(
                both,
                prob=0.9,
                rotate_range=[(-turn, turn)] * 3,
                scale_range=[(-0.2, 0.2)] * 3,
                translate_range=[(-5, 5)] * 3,
                mode=(image_mode, 1 if image_mode == 2 else "bilinear"),
                padding_mode="reflect" if image_mode == 2 else "reflection",
            ),
            monai.Rand3DElasticd(
                both, (3.5, 5.5), (25, 35), prob=0.5, mode="bilinear", padding_mode="reflection"
            ),
            monai.RandSimulateLowResolutiond("image", prob=0.25, zoom_range=(0.5, 1)),
            monai.RandAdjustContrastd("image", prob=0.5, gamma=(0.5, 3)),
            monai.RandBiasFieldd("image", prob=0.3, coeff_range=(0, 0.5)),
            monai.RandGaussianNoised("image", prob=0.1, std=0.1),
            monai.RandGaussianSmoothd("image", prob=0.3, sigma_x=(0, 2), sigma_y=(0, 2), sigma_z=(0, 2)),
            monai.RandScaleIntensityd("image", prob=0.15, factors=(-0.25, 1)),
            monai.RandFlipd(both, prob=0.3),
            monai.NormalizeIntensityd("image"),
        ]
    )


def bench_augmentation(shape: tuple[int, int, int], samples: int) -> None:
    print(f"\nAugmentation of a patch of {shape}, one thread, mean processor time of {samples}")
    torch.set_num_threads(1)
    image, softseg = torch.rand(shape), torch.rand(shape)
    augment = from_yaml("augment/paper")
    rng = np.random.default_rng(0)

    def ours() -> None:
        augment.apply(image, softseg, augment.draw(rng, shape))

    row("softcord, conf/augment/paper.yaml", mean_ms(ours, samples), "ms")
    for label, mode in (("MONAI, linear", "bilinear"), ("MONAI, spline 2 (the paper's code)", 2)):
        chain = monai_chain(mode).set_random_state(0)
        row(
            label, mean_ms(lambda c=chain: c({"image": image[None], "softseg": softseg[None]}), samples), "ms"
        )


def mean_ms(run: Callable[[], object], samples: int) -> float:
    """Mean rather than median: the chain is random, and a few samples cost most of the time.

    Processor time, which is the same on a busy machine.
    """
    run()
    start = time.process_time()
    for _ in range(samples):
        run()
    return 1e3 * (time.process_time() - start) / samples


def training_step(
    model: str, device: torch.device, *, is_bf16: bool, channels_last: bool, is_compiled: bool = False
) -> Callable[[dict[str, Any]], None]:
    torch.manual_seed(0)
    layout = torch.channels_last_3d if channels_last else torch.contiguous_format
    net: nn.Module = from_yaml(f"model/{model}").to(device).to(memory_format=layout)
    loss = DeepSupervisionLoss(from_yaml("loss/awing"))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
    compute = torch.compile(net) if is_compiled else net

    def step(batch: dict[str, Any]) -> None:
        moved = {key: part.to(device) if key != "augment" else part for key, part in batch.items()}
        here = augmented(moved)
        image, softseg = here["image"].to(memory_format=layout), here["softseg"]
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=is_bf16):
            outputs = compute(image)
        optimizer.zero_grad()
        loss(outputs, softseg).backward()
        optimizer.step()

    return step


def random_batch(batch: int, shape: tuple[int, int, int]) -> dict[str, torch.Tensor]:
    return {"image": torch.randn(batch, 1, *shape), "softseg": torch.rand(batch, 1, *shape)}


def bench_net(options: argparse.Namespace, device: torch.device) -> None:
    shape = tuple(options.patch)
    print(
        f"\nOne training step, {options.model}, batch {options.batch} of {shape}, "
        f"{device}, {options.threads} threads"
    )
    torch.set_num_threads(options.threads)
    data = random_batch(options.batch, shape)
    for precision in ("float32", "bfloat16"):
        row("    estimated memory of the net", estimated_gb(options, precision), "GB")
        for layout in ("channels first", "channels last"):
            bench_step(options, device, data, precision, layout)
        if options.compile:
            bench_step(options, device, data, precision, "channels first", is_compiled=True)


def bench_step(
    options: argparse.Namespace,
    device: torch.device,
    data: dict[str, Any],
    precision: str,
    layout: str,
    *,
    is_compiled: bool = False,
) -> None:
    step = training_step(
        options.model,
        device,
        is_bf16=precision == "bfloat16",
        channels_last=layout == "channels last",
        is_compiled=is_compiled,
    )
    start = time.perf_counter()
    step(data)
    first_s = time.perf_counter() - start
    label = f"{precision}, {layout}{', compiled' if is_compiled else ''}"
    row(label, median_ms(lambda: step(data), options.rounds), f"ms, the first {1e3 * first_s:.0f} ms")
    if device.type == "cuda":
        row("    peak of the card's memory", torch.cuda.max_memory_allocated() / 1e9, "GB")
        del step
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def estimated_gb(options: argparse.Namespace, precision: str) -> float:
    """What softcord says before a training, without the program itself."""
    with torch.device("meta"):
        net: nn.Module = from_yaml(f"model/{options.model}")
    size = 4 if precision == "float32" else 2
    on_gpu = torch.cuda.is_available()
    needed = training_bytes(net, tuple(options.patch), options.batch, bytes_per_value=size, on_gpu=on_gpu)
    return (needed if on_gpu else needed - PROGRAM_BYTES) / 1e9


class PaperPatches(Dataset[dict[str, Any]]):
    """Patches with the transforms that the paper's code has, one sample after the other on a processor."""

    def __init__(self, patches: PatchDataset) -> None:
        self.patches, self.chain = patches, monai_chain(2)

    def __len__(self) -> int:
        return len(self.patches)

    def __getitem__(self, index: int) -> dict[str, Any]:
        torch.set_num_threads(1)
        transformed = self.chain(self.patches[index])
        return {name: torch.as_tensor(transformed[name]) for name in ("image", "softseg")}


def batches(
    dataset: Dataset[dict[str, Any]], options: argparse.Namespace, workers: int
) -> Iterator[dict[str, Any]]:
    return iter(DataLoader(dataset, batch_size=options.batch, num_workers=workers, collate_fn=collate))


def bench_together(options: argparse.Namespace, device: torch.device) -> None:
    print(f"\nAn epoch of {options.batch * options.rounds} patches: data alone, net alone, both")
    step = training_step(options.model, device, is_bf16=True, channels_last=False)
    data = random_batch(options.batch, tuple(options.patch))
    net_ms = median_ms(lambda: step(data), options.rounds)
    row("net alone", 1e3 * options.batch / net_ms, "patches/s")
    with tempfile.TemporaryDirectory() as folder:
        volumes = make_volumes(Path(folder), options.batch * options.rounds, tuple(options.patch))
        dataset = PatchDataset(
            volumes,
            tuple(options.patch),
            from_yaml("augment/paper"),
            # As the trainer has it: a GPU transforms the patches, and then that is part of "net".
            augment_later=device.type == "cuda",
        )
        for workers in options.workers:
            start = time.perf_counter()
            patches = sum(len(batch["image"]) for batch in batches(dataset, options, workers))
            row(f"data alone, {workers} workers", patches / (time.perf_counter() - start), "patches/s")
            row_of_an_epoch(f"both, {workers} workers", step, batches(dataset, options, workers), options)
        if options.paper_loop:
            step = training_step(options.model, device, is_bf16=False, channels_last=False)
            paper = PaperPatches(PatchDataset(volumes, tuple(options.patch)))
            workers = max(options.workers)
            row_of_an_epoch(
                f"the paper's loop, {workers} workers", step, batches(paper, options, workers), options
            )


def row_of_an_epoch(
    label: str,
    step: Callable[[dict[str, Any]], None],
    loader: Iterator[dict[str, Any]],
    options: argparse.Namespace,
) -> None:
    waited, total = epoch(step, loader)
    # Its first batch is not in the time.
    row(label, options.batch * (options.rounds - 1) / total, "patches/s")
    row("    the net waits", 100 * waited / total, "% of the time")


def epoch(step: Callable[[dict[str, Any]], None], loader: Iterator[dict[str, Any]]) -> tuple[float, float]:
    """Return the seconds spent waiting for batches and in all, after the first batch has come."""
    step(next(loader))
    waited, start = 0.0, time.perf_counter()
    while True:
        asked = time.perf_counter()
        batch = next(loader, None)
        waited += time.perf_counter() - asked
        if batch is None:
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            return waited, time.perf_counter() - start
        step(batch)


def row(label: str, value: float, unit: str) -> None:
    print(f"  {label:<38} {value:10.1f} {unit}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="small")
    parser.add_argument("--patch", type=int, nargs=3, default=(48, 64, 64), metavar=("RL", "AP", "SI"))
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--samples", type=int, default=70, help="patches to augment for its mean")
    parser.add_argument("--workers", type=int, nargs="+", default=(0, 1, 2))
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--paper-loop", action="store_true")
    options = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    print(f"Python {sys.version.split()[0]}, torch {torch.__version__}, {device}")
    bench_augmentation(tuple(options.patch), options.samples)
    bench_net(options, device)
    bench_together(options, device)


if __name__ == "__main__":
    main()
