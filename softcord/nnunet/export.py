"""Write a dataset as nnU-Net reads it; the originals are only read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from softcord.data.cache import check_label
from softcord.errors import DataError
from softcord.io.files import write_json
from softcord.io.header import open_nifti
from softcord.io.masks import read_mask
from softcord.io.nifti import read_volume, space_of, write_volume
from softcord.processes.parallel import parallel_map
from softcord.remedies import Remedy

DATASET = "Dataset001_softcord"
THRESHOLD = 0.5  # a voxel is cord where more than half of it is


@dataclass(frozen=True)
class Case:
    """An image and its label, 0 to 1, in the image's own space. ``name`` is unique in the dataset."""

    name: str
    image: Path
    label: Path


def export_dataset(
    raw: Path, cases: Sequence[Case], *, jobs: int = 1, on_done: Callable[[str], None] | None = None
) -> Path:
    """Write the dataset ``raw/Dataset001_softcord`` for ``nnUNet_raw=raw``; return its folder.

    Labels are written anew as 0 and 1, binarised at 0.5. Images are named in dataset.json by their absolute
    paths and not copied, except those whose file is 4-D (of one frame), which nnU-Net does not read.
    dataset.json is written last, so an export that was interrupted is begun again.

    Raises:
        DataError: an image or a label that cannot be used, or does not fit the other.
    """
    folder = raw / DATASET
    write = partial(_write_case, folder)
    entries = {}
    for outcome in parallel_map(write, cases, jobs):
        if outcome.value is None:
            raise DataError("nnU-Net's dataset", str(outcome.error), Remedy.EXCLUDE_IMAGES)
        entries[outcome.item.name] = outcome.value
        if on_done:
            on_done(outcome.item.name)
    description = {
        "channel_names": {"0": "MRI"},
        "labels": {"background": 0, "cord": 1},
        "numTraining": len(cases),
        "file_ending": ".nii.gz",
        # Images of all orientations share one: the axes of a net mean the same in all of them.
        "overwrite_image_reader_writer": "NibabelIOWithReorient",
        "dataset": {name: entries[name] for name in sorted(entries)},
    }
    write_json(folder / "dataset.json", description)
    return folder


def is_exported(raw: Path) -> bool:
    """Whether the dataset is there as a whole."""
    return (raw / DATASET / "dataset.json").is_file()


def write_splits(preprocessed: Path, train: Sequence[Case], val: Sequence[Case]) -> None:
    """Write our split as nnU-Net's fold 0; its own would part the images of a participant."""
    fold = {"train": sorted(case.name for case in train), "val": sorted(case.name for case in val)}
    write_json(preprocessed / DATASET / "splits_final.json", [fold])


def _write_case(folder: Path, case: Case) -> dict[str, object]:
    image, label = read_volume(case.image), read_mask(case.label)
    check_label(case.label, label, space_of(image))
    label_path = folder / "labelsTr" / f"{case.name}.nii.gz"
    write_volume(label_path, (label.data > THRESHOLD).astype(np.uint8), image.affine)
    image_path = case.image
    # nnU-Net reads headers as nibabel does, which stops at what softcord reads and names.
    if len(open_nifti(case.image).shape) != 3 or space_of(image).oddities:
        image_path = folder / "imagesTr" / f"{case.name}_0000.nii.gz"
        write_volume(image_path, image.data, image.affine)
    return {"images": [str(image_path.absolute())], "label": f"labelsTr/{case.name}.nii.gz"}
