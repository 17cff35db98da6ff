"""nnU-Net beside softcord: patches a second in training, and the time of a prediction, on the same cores.

    python benchmarks/bench_nnunet.py [--steps 5] [--threads 1] [--patch 64 96 96] [--mirror]

``make nnunet`` makes the environment that it needs. Both see the same phantom, which softcord exports, in the
same patch and batch; nnU-Net's plan gets the stages, features and strides of ``model=nnunet``. Training is
each one's own loop: data drawn and augmented within the training process, the net, the loss (Dice + CE),
the optimizer. Prediction is from image file to mask file. softcord has no trained weights of this net, so it
follows the cord by the built-in model and computes this net on every window, too: both nets at full cost.
Processor time; nnU-Net computes in float32 on a processor, softcord in both precisions.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from bench_predict import WithCostOf
from bench_training import from_yaml
from torch.utils.data import DataLoader

from softcord.data.cache import prepare_all
from softcord.errors import UsageError
from softcord.losses.deep import DeepSupervisionLoss
from softcord.nnunet.export import DATASET, Case, export_dataset, write_splits
from softcord.nnunet.install import Install, find_nnunet, nnunet_versions
from softcord.phantom.dataset import write_dataset
from softcord.phantom.settings import PhantomSettings, ScanSettings
from softcord.predict.built_in import BUILT_IN
from softcord.predict.files import Task, predict_file
from softcord.predict.infer import Apply
from softcord.predict.package import read_package
from softcord.predict.volume import PredictSettings
from softcord.train.module import CordModule
from softcord.train.on_device import augmented, collate
from softcord.train.patches import PatchDataset

SCAN = ScanSettings((64, 160, 192), (1.0, 1.0, 1.0), (6.0, -15.0), noise=0.06)
PEOPLE = 3
# model=nnunet in nnU-Net's words; its axes are S-I, A-P, R-L.
NET = {
    "n_stages": 6,
    "features_per_stage": [32, 64, 128, 256, 320, 320],
    "kernel_sizes": [[3, 3, 3]] * 6,
    "strides": [[1, 1, 1], *[[2, 2, 2]] * 4, [2, 2, 1]],
    "n_conv_per_stage": [2] * 6,
    "n_conv_per_stage_decoder": [2] * 5,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--patch", type=int, nargs=3, default=(64, 96, 96), metavar=("RL", "AP", "SI"))
    parser.add_argument(
        "--mirror", action="store_true", help="nnU-Net also averaging its eight mirror images"
    )
    options = parser.parse_args()
    try:
        install = find_nnunet()
    except UsageError as error:
        print(f"left out: {error}")
        return
    torch.set_num_threads(options.threads)
    print(f"{nnunet_versions(install)}, softcord's torch {torch.__version__}, {options.threads} threads")
    with tempfile.TemporaryDirectory() as folder:
        cases = write_phantom(Path(folder) / "phantom")
        theirs = of_nnunet(install, Path(folder), cases, options)
        print(
            f"{theirs['parameters'] / 1e6:.2f} M parameters; batch {options.batch} of {tuple(options.patch)}"
        )
        print(f"{'training':<24}{'data s':>9}{'step s':>9}{'patches/s':>11}")
        row("nnU-Net, float32", theirs["data_s"], theirs["step_s"], options.batch)
        for precision in ("float32", "bfloat16"):
            row(
                f"softcord, {precision}", *of_softcord(Path(folder), cases, precision, options), options.batch
            )
        print(f"prediction of {SCAN.matrix}, processor time")
        for name, seconds in theirs["predict_s"].items():
            print(f"{f'nnU-Net, {name}':<24}{seconds:9.1f} s")
        for precision in ("float32", "bfloat16"):
            seconds, looked = predicted(cases[0].image, Path(folder), precision, options)
            print(f"{f'softcord, {precision}':<24}{seconds:9.1f} s, looked {looked}", flush=True)


def row(name: str, data_s: float, step_s: float, batch: int) -> None:
    print(f"{name:<24}{data_s:9.2f}{step_s:9.2f}{batch / (data_s + step_s):11.3f}", flush=True)


def write_phantom(root: Path) -> list[Case]:
    settings = PhantomSettings("bench", PEOPLE, seed=77, scans={"T1w": SCAN}, tissue_map=False)
    write_dataset(settings, root)
    cases = []
    for image in sorted(root.glob("sub-*/anat/*_T1w.nii.gz")):
        name = image.name.removesuffix(".nii.gz")
        (label,) = root.glob(f"derivatives/labels/*/anat/{name}_label-SC_seg.nii.gz")
        cases.append(Case(name, image, label))
    return cases


def of_nnunet(
    install: Install, folder: Path, cases: list[Case], options: argparse.Namespace
) -> dict[str, Any]:
    """Export, preprocess, then let nnU-Net's Python train a few steps and predict one image."""
    raw, preprocessed = folder / "raw", folder / "preprocessed"
    export_dataset(raw, cases)
    environment = {
        "nnUNet_raw": str(raw),
        "nnUNet_preprocessed": str(preprocessed),
        "nnUNet_results": str(folder / "results"),
        "nnUNet_def_n_proc": "1",
        "OMP_NUM_THREADS": str(options.threads),
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
    }
    plan = [str(install.command("nnUNetv2_plan_and_preprocess")), "-d", "1", "--no_pbar"]
    run([*plan, "-c", "3d_fullres", "-np", "1", "-npfp", "1"], environment)
    write_splits(preprocessed, cases[1:], cases[:1])
    request = {
        "preprocessed": str(preprocessed / DATASET),
        "patch": list(options.patch)[::-1],
        "batch": options.batch,
        "net": NET,
        "steps": options.steps,
        "threads": options.threads,
        "image": str(cases[0].image),
        "mask": str(folder / "nnunet"),
        "mirror": options.mirror,
    }
    (folder / "request.json").write_text(json.dumps(request))
    script = str(Path(__file__).with_name("in_nnunet.py"))
    # Augmented in the training process, whose time is measured.
    here = {**environment, "nnUNet_n_proc_DA": "0"}
    said = run([str(install.python), script, str(folder / "request.json")], here)
    found: dict[str, Any] = json.loads([line for line in said.splitlines() if line.startswith("{")][-1])
    return found


def run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def of_softcord(
    folder: Path, cases: list[Case], precision: str, options: argparse.Namespace
) -> tuple[float, float]:
    """Return the processor time that a batch's data and its step take."""
    volumes = [
        one.value
        for one in prepare_all([(c.image, c.label) for c in cases[1:]], folder / "cache")
        if one.value
    ]
    patches = PatchDataset(
        volumes, tuple(options.patch), from_yaml("augment/paper"), patches_per_image=10 * options.batch
    )
    loss = DeepSupervisionLoss(from_yaml("loss/dicece"))
    module = CordModule(from_yaml("model/nnunet"), loss, "sigmoid", 1e-3, epochs=1)
    optimizer = module.configure_optimizers()["optimizer"]
    data_s, step_s = [], []
    loader = iter(DataLoader(patches, batch_size=options.batch, collate_fn=collate))
    for _ in range(options.steps + 1):
        started = time.process_time()
        batch = augmented(next(loader))
        drawn = time.process_time()
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bfloat16"):
            outputs = module.net(batch["image"])
        loss(outputs, batch["softseg"]).backward()
        optimizer.step()
        data_s.append(drawn - started)
        step_s.append(time.process_time() - drawn)
    return statistics.mean(data_s[1:]), statistics.median(step_s[1:])


def predicted(image: Path, folder: Path, precision: str, options: argparse.Namespace) -> tuple[float, str]:
    """Return the processor time from image file to mask file, and where was looked."""
    model = read_package(BUILT_IN)
    description = replace(model.description, window_voxels=tuple(options.patch), narrow_window_voxels=None)
    model = replace(model, net=WithCostOf(model, from_yaml("model/nnunet").eval()), description=description)
    settings = PredictSettings(only_a_cord=True, apply=Apply(bfloat16=precision == "bfloat16"))
    started = time.process_time()
    done = predict_file(image, folder / f"softcord-{precision}.nii.gz", Task(model, {}, settings))
    return time.process_time() - started, done.looked


if __name__ == "__main__":
    main()
