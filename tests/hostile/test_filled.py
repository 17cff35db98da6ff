"""A mask that fills all of a large volume packs to nothing; no verb spends gigabytes or minutes on it."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from softcord.app.verbs.check import main as check
from softcord.app.verbs.evaluate import main as evaluate
from softcord.app.verbs.ingest import main as ingest
from softcord.app.verbs.measure import main as measure
from softcord.app.verbs.predict import main as predict
from softcord.app.verbs.prepare import main as prepare
from softcord.io.masks import MOST_VOXELS
from tests.hostile.harness import Watch

SIDE = 280
WHO = "sub-01/anat/sub-01_T2w"
DATA = ("data=bids", "data.root=bids", "contrasts=[T2w]", "gt.reference=T2w", "machine.jobs=1")
TESTED = ("split=all_test", "reference=hard", "machine.threads=1", "machine.accelerator=cpu")
VERBS: dict[str, tuple[Callable[[list[str]], int], tuple[str, ...], tuple[int, ...]]] = {
    "measure": (measure, ("-i", f"bids/{WHO}.nii.gz"), (3,)),
    "check": (check, DATA, (3,)),
    "prepare": (prepare, DATA, (3,)),
    "predict": (predict, ("-i", f"bids/{WHO}.nii.gz", "-o", "made.nii.gz", "-v", "0"), (0, 3)),
    "ingest": (ingest, ("method=theirs", "path=theirs", "study=i", *DATA, *TESTED), (3, 4)),
    "evaluate": (evaluate, ("evaluate.model=synthetic-v2", "study=e", *DATA, *TESTED), (0, 3, 4)),
}


def write_filled(path: Path) -> None:
    """Write a volume of ones, piece by piece."""
    header = nib.Nifti1Header()
    header.set_data_shape((SIDE, SIDE, SIDE))
    header.set_data_dtype(np.uint8)
    header.set_sform(np.diag([-0.5, 0.5, 0.5, 1]), 1)
    header.set_qform(np.diag([-0.5, 0.5, 0.5, 1]), 1)
    header["vox_offset"], header["magic"] = 352, b"n+1"
    with gzip.open(path, "wb", compresslevel=6) as stream:
        stream.write(header.binaryblock + bytes(4))
        for _ in range(SIDE):
            stream.write(b"\1" * SIDE**2)


@pytest.mark.parametrize("verb", VERBS)
def test_a_filled_volume_is_refused_or_done_within_bounds(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert SIDE**3 > MOST_VOXELS
    watch = Watch.beside_somebodys_files(tmp_path, capsys)
    image = Path(f"bids/{WHO}.nii.gz")
    image.parent.mkdir(parents=True)
    write_filled(image)
    for place in (f"bids/derivatives/labels/{WHO}_label-SC_seg.nii.gz", f"theirs/{WHO}_softseg.nii.gz"):
        Path(place).parent.mkdir(parents=True)
        os.link(image, place)
    run, words, codes = VERBS[verb]
    watch.run(run, list(words), codes)
