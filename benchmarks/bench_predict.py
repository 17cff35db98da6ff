"""How much faster than the paper's inference, at what difference, and how far off centre?

    python benchmarks/bench_predict.py -m MODEL [--cost nnunet] [--threads 2] [--only thick]

Side by side on phantoms of the public dataset's sizes: the paper's inference as published (RPI, order-2
spline to 1 mm, centre crop 64x192x-1, windows that half overlap, in float32, spline back; with MONAI's own
transforms) and softcord's, with the same net and weights, each in a process of its own.

What the net sees is MODEL's, which must segment. ``--cost nnunet`` gives both sides the paper's window and
lets the paper's net compute on it too, its output dropped: the time of a net of which no trained weights are
at hand. ``--cost none`` gives both sides MODEL's own net and window: what the two ways differ by.

A second table moves, crops and cuts the thick stack and holds each result against the phantom's own mask.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
import torch
import yaml
from torch import Tensor, nn

from softcord.io.nifti import Volume, read_volume, to_rpi
from softcord.nets.activation import activate
from softcord.nets.unet import UNet
from softcord.predict.infer import Apply
from softcord.predict.package import Model, read_package
from softcord.predict.volume import PredictSettings, predict_volume
from softcord.train.device import resolve_precision
from softcord.train.settings import MachineSettings

CONF = Path(__file__).parents[1] / "conf"
Array = npt.NDArray[np.float32]

SCANS: dict[str, dict[str, Any]] = {
    "thick": {
        "matrix": (192, 192, 22),
        "voxel_mm": (0.9, 0.9, 5.0),
        "centre_mm": (5.0, -22.0),
        "noise": 0.06,
    },
    "T1w": {
        "matrix": (192, 260, 320),
        "voxel_mm": (1.0, 1.0, 1.0),
        "centre_mm": (10.0, -20.0),
        "noise": 0.07,
    },
    "T2w": {"matrix": (64, 320, 320), "voxel_mm": (0.8, 0.8, 0.8), "centre_mm": (10.0, -25.0), "noise": 0.06},
}
CONTRAST = {"thick": "MTon", "T1w": "T1w", "T2w": "T2w"}
# As it comes; in float32, for processors without bfloat16; with -fast. The last two tell apart what
# the outputs differ by: with the interpolation of the paper, and with its crop too.
OURS = ("softcord", "float32", "fast", "spline", "spline and crop")
BARS = {"thick": 20, "T1w": 8, "T2w": 8}


class WithCostOf(nn.Module):
    """What one net sees through windows of its own size, at the cost of computing another one as well."""

    def __init__(self, model: Model, costs: UNet) -> None:
        super().__init__()
        self.model, self.costs, self.required_multiple = model, costs, costs.required_multiple

    def forward(self, image: Tensor) -> list[Tensor]:
        from monai.inferers.utils import sliding_window_inference

        self.costs(image)
        window = self.model.description.window_voxels
        seen = sliding_window_inference(
            image, window, 4, lambda tiles: Apply()(self.model.net, tiles), mode="gaussian"
        )
        assert isinstance(seen, Tensor)
        return [seen]


def load(package: Path, cost: str) -> Model:
    model = read_package(package)
    if cost == "none":
        return model
    node = yaml.safe_load((CONF / "model" / f"{cost}.yaml").read_text())
    costs = UNet(**{key: value for key, value in node.items() if key != "_target_"}).eval()
    # The paper's net and window on both sides, whatever the model was trained on.
    description = replace(model.description, window_voxels=(64, 192, 320))
    return replace(model, net=WithCostOf(model, costs), description=description)


def write_phantoms(folder: Path) -> None:
    from softcord.phantom.dataset import write_dataset
    from softcord.phantom.settings import PhantomSettings, ScanSettings

    scans = {CONTRAST[name]: ScanSettings(**scan) for name, scan in SCANS.items()}
    write_dataset(PhantomSettings("bench", n_participants=1, seed=77, scans=scans, tissue_map=False), folder)


def find(folder: Path, name: str) -> tuple[Path, Path]:
    (image,) = folder.glob(f"sub-*/anat/*{'mt-on_MTS' if name == 'thick' else name}.nii.gz")
    (label,) = folder.glob(
        f"derivatives/labels/sub-*/anat/{image.name.partition('.')[0]}_label-SC_seg.nii.gz"
    )
    return image, label


def paper(model: Model, path: Path) -> Array:
    """The paper's inference, but for its removal of values under 0.5: soft masks are compared."""
    from monai import transforms as monai
    from monai.inferers.utils import sliding_window_inference

    steps = monai.Compose(
        [
            monai.LoadImaged("image"),
            monai.EnsureChannelFirstd("image"),
            # What spinal cord people call RPI is nibabel's LAS: the axes that the weights were trained with.
            monai.Orientationd("image", axcodes="LAS", labels=None),
            monai.Spacingd("image", pixdim=(1, 1, 1), mode=2),
            monai.ResizeWithPadOrCropd("image", spatial_size=(64, 192, -1)),
            monai.DivisiblePadd("image", k=2**5),
            monai.NormalizeIntensityd("image", nonzero=False, channel_wise=False),
        ]
    )
    back = monai.Invertd("pred", steps, orig_keys="image", nearest_interp=False)
    batch = steps({"image": str(path)})
    with torch.inference_mode():
        raw = sliding_window_inference(
            batch["image"][None],
            model.description.window_voxels,
            sw_batch_size=4,
            predictor=lambda window: model.net(window)[0],
            overlap=0.5,
            mode="gaussian",
        )
    batch["pred"] = activate(raw, model.description.activation)[0]
    batch["pred"].applied_operations = batch["image"].applied_operations
    softseg: Array = np.asarray(back(batch)["pred"][0], dtype=np.float32).clip(0, 1)
    return softseg


def ours(model: Model, path: Path, way: str) -> tuple[Array, str]:
    precision: Any = "float32" if way == "float32" else "auto"
    apply = Apply(bfloat16=resolve_precision(MachineSettings("cpu", precision)) == "bf16-mixed")
    crop = (64, 192, -1) if "crop" in way else None
    if "spline" in way:
        model = replace(model, description=replace(model.description, interpolation="spline2"))
    settings = PredictSettings(crop_voxels=crop, small_windows=way == "fast", apply=apply)
    done = predict_volume(model, read_volume(path), settings)
    return done.softseg.data, done.looked


def peak_memory_gb() -> float:
    """Return this program's own peak, where the system says it; getrusage begins with its parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def one(options: argparse.Namespace) -> None:
    """Predict one image in this process and report on it."""
    torch.set_num_threads(options.threads)
    model = load(options.model, options.cost)
    best, cpu_s, looked = np.inf, np.inf, ""
    for _ in range(options.rounds):
        start, start_cpu = time.perf_counter(), time.process_time()
        if options.one == "paper":
            softseg = paper(model, options.image)
        else:
            softseg, looked = ours(model, options.image, options.one)
        best, cpu_s = min(best, time.perf_counter() - start), min(cpu_s, time.process_time() - start_cpu)
    np.save(options.out, softseg)
    peak_gb = peak_memory_gb()
    print(json.dumps({"wall_s": best, "cpu_s": cpu_s, "peak_gb": peak_gb, "looked": looked}))


def run_one(options: argparse.Namespace, way: str, image: Path, out: Path) -> tuple[dict[str, Any], Array]:
    command = [sys.executable, __file__, "-m", str(options.model), "--cost", options.cost, "--one", way]
    command += ["--image", str(image), "--out", str(out), "--threads", str(options.threads)]
    command += ["--rounds", str(1 if way == "paper" else options.rounds)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found, np.load(out)


def dice(a: Array, b: Array) -> float:
    both = ((a > 0.5) & (b > 0.5)).sum()
    return float(2 * both / max(1, (a > 0.5).sum() + (b > 0.5).sum()))


def csa_difference_pct(ours: Array, papers: Array, where: Array) -> tuple[float, float]:
    """Difference of the mean area over the slices with cord (RPI), of soft and of binarised masks."""
    slices = (where > 0.5).any(axis=(0, 1))
    soft = 100 * (ours[:, :, slices].sum() / papers[:, :, slices].sum() - 1)
    binary = 100 * ((ours[:, :, slices] > 0.5).sum() / max(1, (papers[:, :, slices] > 0.5).sum()) - 1)
    return float(soft), float(binary)


def bench_speed(options: argparse.Namespace, folder: Path) -> None:
    print(f"\nOne image, {options.threads} threads; net: {options.cost}, weights: {options.model}")
    print(f"{'image':<7}{'way':<18}{'wall s':>8}{'CPU s':>8}{'peak GB':>9}{'Dice to label':>15}  looked")
    for name in options.only or SCANS:
        image, label_path = find(folder, name)
        affine = nib.load(image).affine
        label = to_rpi(read_volume(label_path)).data
        rows, masks = {}, {}
        for way in ("paper", *OURS):
            rows[way], mask = run_one(options, way, image, folder / f"{name}.npy")
            masks[way] = to_rpi(Volume(mask, affine)).data
            row = rows[way]
            print(
                f"{name:<7}{way:<18}{row['wall_s']:8.2f}{row['cpu_s']:8.2f}{row['peak_gb']:9.2f}"
                f"{dice(masks[way], label):15.4f}  {row['looked']}",
                flush=True,
            )
        for way in OURS:
            soft, binary = csa_difference_pct(masks[way], masks["paper"], label)
            faster, less_cpu = (rows["paper"][key] / rows[way][key] for key in ("wall_s", "cpu_s"))
            gain = dice(masks[way], label) - dice(masks["paper"], label)
            print(
                f"   {way}: {faster:.1f} times faster ({less_cpu:.1f} in CPU time; bar {BARS[name]}); "
                f"Dice to the label differs by {gain:+.4f}, CSA by {soft:+.2f} % (soft), "
                f"{binary:+.2f} % (binarised); Dice to each other {dice(masks[way], masks['paper']):.4f}"
            )


def moved(data: Array, mm: tuple[int, int], spacing_mm: tuple[float, float, float], fill: float) -> Array:
    """Widen a field of view on one side, so that what was in the middle lies ``mm`` off it (R-L, A-P)."""
    pads = [(0, 0)] * 3
    for axis in (0, 1):
        voxels = 2 * round(abs(mm[axis]) / spacing_mm[axis])
        pads[axis] = (voxels, 0) if mm[axis] > 0 else (0, voxels)
    return np.pad(data, pads, constant_values=fill)


def bench_robustness(options: argparse.Namespace, folder: Path) -> None:
    print("\nThe thick stack moved, cropped, cut: Dice to its own mask, in the part that is left")
    model = read_package(options.model)
    image, label = (to_rpi(read_volume(path)) for path in find(folder, "thick"))
    spacing, fill = image.spacing_mm, float(np.percentile(image.data, 5))
    middle = [round(float(axis.mean())) for axis in np.nonzero(label.data > 0.5)]
    about = {axis: slice(max(0, middle[axis] - 22), middle[axis] + 22) for axis in (0, 1)}
    third = image.data.shape[2] // 2
    cases = {
        "as it is": lambda data, fill: data,
        "60 mm to the left": lambda data, fill: moved(data, (60, 0), spacing, fill),
        "60 mm to the front": lambda data, fill: moved(data, (0, 60), spacing, fill),
        "60 mm both ways": lambda data, fill: moved(data, (-60, -60), spacing, fill),
        "cropped to 40 x 40 mm": lambda data, fill: data[about[0], about[1]],
        "5 slices": lambda data, fill: data[:, :, third - 2 : third + 3],
        "5 slices, 60 mm off": lambda data, fill: moved(
            data[:, :, third - 2 : third + 3], (60, 0), spacing, fill
        ),
    }
    print(f"{'case':<24}{'cord found':>11}{'paper crop':>11}  looked")
    for name, change in cases.items():
        volume = Volume(np.ascontiguousarray(change(image.data, fill)), image.affine)
        truth = change(label.data, 0.0)
        apply = Apply(bfloat16=resolve_precision(MachineSettings("cpu")) == "bf16-mixed")
        found = predict_volume(model, volume, PredictSettings(apply=apply))
        central = predict_volume(model, volume, PredictSettings(crop_voxels=(64, 192, -1), apply=apply))
        print(
            f"{name:<24}{dice(found.softseg.data, truth):11.4f}{dice(central.softseg.data, truth):11.4f}"
            f"  {found.looked}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-m", "--model", type=Path, help="a package that segments phantoms")
    parser.add_argument("--cost", choices=("nnunet", "none"), default="nnunet")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument(
        "--rounds", type=int, default=2, help="of softcord, the best counts; the peer runs once"
    )
    parser.add_argument("--only", nargs="+", choices=tuple(SCANS))
    parser.add_argument("--one", choices=("paper", *OURS), help=argparse.SUPPRESS)
    parser.add_argument("--image", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--phantoms", type=Path, help="folder to keep the phantoms in")
    options = parser.parse_args()
    if options.one:
        one(options)
        return
    if options.model is None:
        print("left out: needs -m MODEL, a package that segments phantoms, such as outputs/demo/RUN/model")
        return
    print(f"Python {sys.version.split()[0]}, torch {torch.__version__}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.phantoms or Path(temporary) / "phantom"
        write_phantoms(folder)
        bench_robustness(options, folder)
        bench_speed(options, folder)


if __name__ == "__main__":
    main()
