"""How fast are the patches, how fast is the net, and which one waits?

    python benchmarks/bench_training.py [--model small] [--batch 4] [--threads 2] [--rounds 7]

Prints augmentation beside the same transforms of MONAI, one training step in each precision and memory
layout, and the share of an epoch in which the net waits for data.
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
from torch.utils.data import DataLoader

from softcord.data.cache import CachedVolume
from softcord.losses.deep import DeepSupervisionLoss
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


def make_volumes(folder: Path, count: int) -> list[CachedVolume]:
    rng = np.random.default_rng(0)
    volumes = []
    for n in range(count):
        shape = (64, 128, 128)
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
    model: str, device: torch.device, *, is_bf16: bool, channels_last: bool
) -> Callable[[dict[str, Any]], None]:
    torch.manual_seed(0)
    layout = torch.channels_last_3d if channels_last else torch.contiguous_format
    net: nn.Module = from_yaml(f"model/{model}").to(device).to(memory_format=layout)
    loss = DeepSupervisionLoss(from_yaml("loss/awing"))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)

    def step(batch: dict[str, Any]) -> None:
        moved = {key: part.to(device) if key != "augment" else part for key, part in batch.items()}
        here = augmented(moved)
        image, softseg = here["image"].to(memory_format=layout), here["softseg"]
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=is_bf16):
            outputs = net(image)
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
        for layout in ("channels first", "channels last"):
            step = training_step(
                options.model,
                device,
                is_bf16=precision == "bfloat16",
                channels_last=layout == "channels last",
            )
            row(f"{precision}, {layout}", median_ms(lambda s=step: s(data), options.rounds), "ms")
            if device.type == "cuda":
                row("    peak of the card's memory", torch.cuda.max_memory_allocated() / 1e9, "GB")
                torch.cuda.reset_peak_memory_stats()


def batches(dataset: PatchDataset, options: argparse.Namespace, workers: int) -> Iterator[dict[str, Any]]:
    return iter(DataLoader(dataset, batch_size=options.batch, num_workers=workers, collate_fn=collate))


def bench_together(options: argparse.Namespace, device: torch.device) -> None:
    print(f"\nAn epoch of {options.batch * options.rounds} patches: data alone, net alone, both")
    step = training_step(options.model, device, is_bf16=True, channels_last=device.type == "cuda")
    data = random_batch(options.batch, tuple(options.patch))
    net_ms = median_ms(lambda: step(data), options.rounds)
    row("net alone", 1e3 * options.batch / net_ms, "patches/s")
    with tempfile.TemporaryDirectory() as folder:
        dataset = PatchDataset(
            make_volumes(Path(folder), options.batch * options.rounds),
            tuple(options.patch),
            from_yaml("augment/paper"),
            # As the trainer has it: a GPU transforms the patches, and then that is part of "net".
            augment_later=device.type == "cuda",
        )
        for workers in (0, 1, 2):
            start = time.perf_counter()
            patches = sum(len(batch["image"]) for batch in batches(dataset, options, workers))
            row(f"data alone, {workers} workers", patches / (time.perf_counter() - start), "patches/s")
            waited, total = epoch(step, batches(dataset, options, workers))
            row(f"both, {workers} workers", patches / total, "patches/s")
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
    options = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    print(f"Python {sys.version.split()[0]}, torch {torch.__version__}, {device}")
    bench_augmentation(tuple(options.patch), samples=10 * options.rounds)
    bench_net(options, device)
    bench_together(options, device)


if __name__ == "__main__":
    main()
