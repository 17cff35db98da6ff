"""How long measuring takes: `python benchmarks/bench_measure.py [--cohort]`.

Library calls on loaded arrays run on one core. `--cohort` writes 294 synthetic masks of the public dataset's
sizes (49 participants, six contrasts, with disc labels) to a temporary folder and measures them from there
with `softcord measure` on two cores.
"""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt

from softcord.app.verbs.measure import main as measure_command
from softcord.contrasts import CONTRASTS, PAPER_SIX
from softcord.io.nifti import Volume, write_volume
from softcord.measure.csa import csa_per_slice
from softcord.measure.image import measure_image
from softcord.measure.levels import levels_from_discs
from softcord.measure.shape import shape_per_slice

# Matrix and voxel size of the public dataset's images.
SIZES: dict[str, tuple[tuple[int, int, int], tuple[float, float, float]]] = {
    "T1w": ((192, 260, 320), (1.0, 1.0, 1.0)),
    "T2w": ((64, 320, 320), (0.8, 0.8, 0.8)),
    "T2star": ((448, 448, 15), (0.5, 0.5, 5.0)),
    "MTon": ((256, 256, 22), (0.9, 0.9, 5.0)),
    "GREt1w": ((256, 256, 22), (0.9, 0.9, 5.0)),
    "dwi": ((176, 176, 20), (0.9, 0.9, 5.0)),
}


def soft_cord(shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> Volume:
    """A bent elliptic cord with a soft rim through the whole volume."""
    nx, ny, nz = shape
    data = np.zeros(shape, dtype=np.float32)
    x_mm, y_mm = np.meshgrid(np.arange(nx) * spacing_mm[0], np.arange(ny) * spacing_mm[1], indexing="ij")
    for k in range(nz):
        z_mm = (k - nz / 2) * spacing_mm[2]
        radius = np.hypot((x_mm - x_mm.mean()) / 6.5, (y_mm - y_mm.mean() - min(20.0, z_mm**2 / 200)) / 4.0)
        data[:, :, k] = np.clip((1.15 - radius) / 0.3, 0, 1)
    return Volume(data, np.diag([-spacing_mm[0], *spacing_mm[1:], 1.0]))


def disc_labels(cord: Volume) -> npt.NDArray[np.uint8]:
    """Discs 2 to 5, 18 mm apart about the middle, behind the cord."""
    nx, ny, nz = cord.data.shape
    discs = np.zeros(cord.data.shape, dtype=np.uint8)
    for n, z_mm in zip((2, 3, 4, 5), (27, 9, -9, -27), strict=True):
        z = int(np.clip(nz / 2 + z_mm / cord.spacing_mm[2], 0, nz - 1))
        discs[nx // 2, ny // 2, z] = n
    return discs


def cpu_s() -> float:
    """CPU time of this process and of those it started and that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def median_ms(call: Callable[[], object], repeats: int = 9) -> float:
    """Median time of a call in milliseconds, after one to warm up."""
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - start))
    return median(times)


def library() -> None:
    """Time library calls on loaded arrays."""
    small = soft_cord((60, 55, 55), (1.0, 1.0, 1.0))
    large = soft_cord((141, 141, 951), (0.5, 0.5, 0.5))
    image = soft_cord(*SIZES["T1w"])
    discs = Volume(disc_labels(image).astype(np.float32), image.affine)
    rows = [
        ("CSA, 55 slices of 60 x 55 (bar 15)", lambda: csa_per_slice(small)),
        ("CSA, same, SCT's definition", lambda: csa_per_slice(small, mode="sct")),
        ("shape, same", lambda: shape_per_slice(small)),
        ("CSA, 951 slices of 141 x 141 (bar 300)", lambda: csa_per_slice(large)),
        ("CSA, same, SCT's definition", lambda: csa_per_slice(large, mode="sct")),
        ("shape, same", lambda: shape_per_slice(large)),
        ("levels, T1w of the public size", lambda: levels_from_discs(image, discs)),
        (
            "all measures, T1w of the public size",
            lambda: measure_image(image, reference_softseg=image, discs=discs),
        ),
    ]
    for name, call in rows:
        print(f"{name:<42} {median_ms(call):9.1f} ms")


def cohort(participants: int = 49) -> None:
    """Time `softcord measure` from files, two processes."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for contrast in PAPER_SIX:
            row = CONTRASTS[contrast]
            cord = soft_cord(*SIZES[contrast])
            first: dict[str, Path] = {}
            for n in range(participants):
                who = f"sub-{n:03d}"
                for ending, data in (
                    ("label-SC_softseg", cord.data),
                    ("label-discs_dlabel", disc_labels(cord)),
                ):
                    path = root / who / row.datatype / f"{who}_{row.stem}_{ending}.nii.gz"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    if ending in first:
                        path.write_bytes(first[ending].read_bytes())
                    else:
                        write_volume(path, data, cord.affine)
                        first[ending] = path
        for extra in ([], ["-perlevel", "1"]):
            start, cpu = time.perf_counter(), cpu_s()
            words = [
                "-path-data",
                folder,
                "-vert",
                "2:3",
                "-jobs",
                "2",
                "-v",
                "0",
                "-o",
                str(root / "csa.csv"),
            ]
            code = measure_command([*words, *extra])
            took, cpu = time.perf_counter() - start, cpu_s() - cpu
            name = f"{6 * participants} masks from files {' '.join(extra)} (bar 60)"
            print(f"{name:<42} {took:9.1f} s, {cpu:.1f} s of CPU, exit code {code}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohort", action="store_true", help="also the 294 masks from files")
    arguments = parser.parse_args()
    library()
    if arguments.cohort:
        cohort()
