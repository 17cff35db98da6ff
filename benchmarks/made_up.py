"""Made-up data in any number, for benchmarks: participants with tiny images, runs, measures, volumes."""

import os
from pathlib import Path

import numpy as np
from bench_compare import table_of_a_run
from bench_measure import disc_labels, soft_cord

from softcord.contrasts import CONTRASTS
from softcord.io.nifti import write_volume
from softcord.measure.table import write_measures
from softcord.sweep.commands import record_command
from softcord.sweep.labels import Made
from softcord.sweep.ledger import Run, record

TINY = ((32, 48, 24), (1.0, 1.0, 4.0))  # voxels, mm: a few slices at each of the levels C2 and C3
SEEDS = 5  # of each method


def make_dataset(root: Path, participants: int) -> None:
    """Write a BIDS dataset with T1w, T2w, their masks, hard and soft, and disc labels.

    One participant is written, the others are links to its files.
    """
    cord = soft_cord(*TINY)
    rng = np.random.default_rng(1)
    for contrast in (CONTRASTS["T1w"], CONTRASTS["T2w"]):
        stem, derived = f"sub-00000_{contrast.stem}", root / "derivatives"
        files = {
            root / f"sub-00000/anat/{stem}.nii.gz": 100 * cord.data + rng.random(cord.data.shape),
            derived / f"labels/sub-00000/anat/{stem}_label-SC_seg.nii.gz": cord.data > 0.5,
            derived / f"labels/sub-00000/anat/{stem}_label-discs_dlabel.nii.gz": disc_labels(cord),
            derived / f"labels_softseg/sub-00000/anat/{stem}_label-SC_softseg.nii.gz": cord.data,
        }
        for path, data in files.items():
            is_float = data.dtype.kind == "f"
            write_volume(path, data.astype(np.float32 if is_float else np.uint8), cord.affine)
            for n in range(1, participants):
                copy = Path(str(path).replace("sub-00000", f"sub-{n:05}"))
                copy.parent.mkdir(parents=True, exist_ok=True)
                os.link(path, copy)


def make_volumes(root: Path, volumes: int) -> None:
    """Write images and masks that all differ, in one voxel, as ``N.nii`` and ``N_mask.nii``."""
    cord = soft_cord(*TINY)
    for ending in ("", "_mask"):
        write_volume(root / f"first{ending}.nii", cord.data, cord.affine)
        content = (root / f"first{ending}.nii").read_bytes()
        (root / f"first{ending}.nii").unlink()
        last = len(content) - 4  # the last voxel
        for n in range(volumes):
            value = np.float32(n / volumes).tobytes()
            (root / f"{n:05}{ending}.nii").write_bytes(content[:last] + value)


def make_runs(study: Path, runs: int) -> None:
    """Write the records of complete runs, and of the command that asked for them."""
    made = []
    for n in range(runs):
        method, seed = f"method{n // SEEDS:05}", n % SEEDS
        name = f"{method}_s{seed}-{n:06x}"
        made.append(Run(name, study.name, method, seed, f"{n:06x}", f"{n:064x}", (f"seed={seed}",)))
    for run in made:
        record(study / run.name, run, "complete", seconds=60.0)
    record_command(study, ["-m", f"seed=range({SEEDS})"], made)


def make_measures(root: Path, runs: int) -> None:
    """Write a measures.csv for each run, of ten participants in two contrasts."""
    rng = np.random.default_rng(0)
    for n in range(runs):
        table = table_of_a_run(n, n // SEEDS, rng, participants=10, contrasts=("T1w", "T2w"))
        write_measures(root / f"{n:05}" / "measures.csv", table)


def made_settings(runs: int) -> list[Made]:
    """Return runs that are to get their labels, each method with its own learning rate."""
    same = {f"group.key{n}": n for n in range(100)}
    made = []
    for n in range(runs):
        stated = {"train.learning_rate": (n // SEEDS + 1) / 1e6, "loss": "awing", "gt": "soft"}
        made.append(Made("soft_all", n % SEEDS, {**same, **stated}, stated, f"{n:064x}"))
    return made
