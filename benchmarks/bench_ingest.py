"""How long adopting 294 predictions and exporting 294 images for nnU-Net takes: `bench_ingest.py`.

Writes a BIDS dataset of the public one's sizes (six contrasts, 49 of the participants to test) to a temporary
folder, then runs `softcord ingest` and nnU-Net's export on two cores.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from bench_measure import SIZES, cpu_s, disc_labels, soft_cord

from softcord.app.verbs.ingest import main as ingest
from softcord.contrasts import CONTRASTS
from softcord.io.nifti import write_volume
from softcord.nnunet.export import Case, export_dataset

PARTICIPANTS = 60
TEST = 49
JOBS = 2


@contextmanager
def timed(what: str) -> Iterator[None]:
    started, cpu = time.perf_counter(), cpu_s()
    yield
    print(f"{what}: {time.perf_counter() - started:.1f} s, {cpu_s() - cpu:.1f} s of processor time")


def write_dataset(root: Path) -> None:
    """One participant is written, the others are links to its files."""
    rng = np.random.default_rng(1)
    labels = {"labels": "label-SC_seg", "labels_softseg": "label-SC_softseg"}
    for key, sizes in SIZES.items():
        contrast, cord = CONTRASTS[key], soft_cord(*sizes)
        image = (100 * cord.data + rng.integers(0, 16, cord.data.shape)).astype(np.int16)
        stems = [f"sub-{n:03d}_{contrast.stem}" for n in range(PARTICIPANTS)]
        folder = f"sub-000/{contrast.datatype}"
        write_volume(root / folder / f"{stems[0]}.nii.gz", image, cord.affine)
        derived = root / "derivatives"
        masks = (cord.data > 0.5).astype(np.uint8), cord.data
        for (name, ending), mask in zip(labels.items(), masks, strict=True):
            write_volume(derived / name / folder / f"{stems[0]}_{ending}.nii.gz", mask, cord.affine)
        discs = "label-discs_dlabel" if key in ("T1w", "T2w") else "label-discs_desc-warp_dlabel"
        write_volume(
            derived / "labels" / folder / f"{stems[0]}_{discs}.nii.gz", disc_labels(cord), cord.affine
        )
        for path in [*root.rglob(f"{stems[0]}*.nii.gz")]:
            for stem in stems[1:]:
                copy = Path(str(path).replace("sub-000", stem.split("_")[0]))
                copy.parent.mkdir(parents=True, exist_ok=True)
                os.link(path, copy)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        root = Path("cohort")
        with timed("writing the dataset"):
            write_dataset(root)
        people = ",".join(f"sub-{n:03d}" for n in range(TEST))
        arguments = [
            "method=theirs",
            f"path={root}/derivatives/labels",
            "pattern={image}_label-SC_seg.nii.gz",
            "data=bids",
            f"data.root={root}",
            f"split.hold_out_test=[{people}]",
            *("split.train=0.1", "split.val=0.1", "split.test=0.8"),
            f"machine.jobs={JOBS}",
        ]
        with timed(f"ingest of {6 * TEST} predictions"):
            assert ingest(arguments) == 0
        images = sorted(root.glob("sub-*/*/*.nii.gz"))[: 6 * TEST]
        softsegs = [root / "derivatives/labels_softseg" / path.relative_to(root) for path in images]
        names = [path.name.removesuffix(".nii.gz") for path in images]
        cases = [
            Case(name, image, softseg.with_name(f"{name}_label-SC_softseg.nii.gz"))
            for name, image, softseg in zip(names, images, softsegs, strict=True)
        ]
        with timed(f"export of {len(cases)} images for nnU-Net"):
            export_dataset(Path("raw"), cases, jobs=JOBS)


if __name__ == "__main__":
    main()
