"""A BIDS folder of straight soft cords with disc labels, and masks of known area in the gate's cache."""

from pathlib import Path

import numpy as np
import pandas as pd

from softcord.data.filehash import checksum
from softcord.drift.masks import Contender
from softcord.io.nifti import Volume, write_volume
from softcord.nets.unet import UNet
from softcord.predict.package import Model, ModelDescription, NetDescription
from softcord.predict.volume import PredictSettings

SHAPE = (24, 24, 30)
ARGUMENTS = {"features": [2, 4], "strides": [[1, 1, 1], [2, 2, 2]], "convs_per_stage": 1}
# Discs C1-C2, C2-C3 and C3-C4 by label 2, 3 and 4; slices count from the bottom.
DISCS = {4: 5, 3: 15, 2: 25}


def cylinder(area_mm2: float, first: int = 0, last: int = SHAPE[2]) -> Volume:
    """A cord along the third axis whose slices ``first`` to ``last`` sum to the area, edges soft."""
    x, y = np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in SHAPE[:2]), indexing="ij")
    disc = np.clip(np.sqrt(area_mm2 / np.pi) + 0.5 - np.hypot(x, y), 0, 1)
    disc[disc == 1] *= 1 - (disc.sum() - area_mm2) / (disc == 1).sum() if disc.sum() > area_mm2 else 1
    data = np.zeros(SHAPE, np.float32)
    data[:, :, first:last] = disc[:, :, None]
    return Volume(data, np.diag([-1.0, 1.0, 1.0, 1.0]))


def model(name: str) -> Contender:
    """A contender by name, whose masks are those in the cache."""
    net = NetDescription("softcord.nets.unet.UNet", ARGUMENTS)
    description = ModelDescription(name, net, (16, 16, 16), "clip")
    unet = UNet((2, 4), ((1, 1, 1), (2, 2, 2)), convs_per_stage=1)
    return Contender(name, Model(unet, description), PredictSettings(), name)


def dataset(
    root: Path, people: int = 6, contrasts: tuple[str, ...] = ("T2w",), *, discs: bool = True
) -> Path:
    """Write a BIDS folder; every image differs."""
    rng = np.random.default_rng(0)
    affine = np.diag([-1.0, 1.0, 1.0, 1.0])
    names = [f"sub-{i:02}" for i in range(people)]
    for name in names:
        for contrast in contrasts:
            stem = f"{name}/anat/{name}_{contrast}"
            write_volume(root / f"{stem}.nii.gz", rng.random(SHAPE, np.float32), affine)
            if discs:
                labels = np.zeros(SHAPE, np.uint8)
                for value, z in DISCS.items():
                    labels[12, 12, z] = value
                write_volume(root / f"derivatives/labels/{stem}_label-discs_dlabel.nii.gz", labels, affine)
    table = pd.DataFrame({"participant_id": names, "site": ["a", "b"] * (people // 2) + ["a"] * (people % 2)})
    table.to_csv(root / "participants.tsv", sep="\t", index=False)
    return root


def put_mask(cache_dir: Path, name: str, image: Path, mask: Volume) -> None:
    """Make ``mask`` what the model ``name`` finds in an image."""
    path = cache_dir / name / f"{checksum(image)[:32]}.nii.gz"
    write_volume(path, mask.data, mask.affine)
