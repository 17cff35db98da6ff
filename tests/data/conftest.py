"""Small BIDS trees, and the real ones."""

import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from softcord.io.nifti import write_volume


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    """Make a tree of files that hold a few bytes each; the tests of names need no images."""

    def make(*paths: str, content: str = "some bytes") -> Path:
        for path in paths:
            file = tmp_path / "bids" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        return tmp_path / "bids"

    return make


@pytest.fixture
def cord(tmp_path: Path) -> Path:
    """A dataset of two participants, T1w and T2w, with images and hard masks that are in order."""
    root = tmp_path / "cord"
    rng = np.random.default_rng(0)
    mask = np.zeros((6, 7, 8))
    mask[2:4, 3:5] = 1
    for participant in ("sub-01", "sub-02"):
        for contrast in ("T1w", "T2w"):
            stem = f"{participant}/anat/{participant}_{contrast}"
            image = (rng.random(mask.shape) + 10 * mask).astype(np.float32)
            write_volume(root / f"{stem}.nii.gz", image, np.diag([1.0, 1.0, 2.0, 1.0]))
            label = root / "derivatives" / "labels" / f"{stem}_label-SC_seg.nii.gz"
            write_volume(label, mask.astype(np.uint8), np.diag([1.0, 1.0, 2.0, 1.0]))
    (root / "participants.tsv").write_text("participant_id\tage\nsub-01\t30\nsub-02\t40\n")
    (root / "dataset_description.json").write_text('{"Name": "cord", "BIDSVersion": "1.9.0"}')
    return root


@pytest.fixture(scope="session")
def release(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Path]]:
    """The file tree of a release of spine-generic/data-multi-subject, unpacked once, without its raw data."""
    unpacked: dict[str, Path] = {}

    def unpack(name: str) -> Path:
        if name not in unpacked:
            unpacked[name] = tmp_path_factory.mktemp(name)
            archive = shared_data / "spine-generic" / f"data-multi-subject_{name}_pointers.tar.xz"
            with tarfile.open(archive) as tar:
                tar.extractall(unpacked[name], filter=_without_raw_data)
        return unpacked[name] / "data-multi-subject"

    yield unpack
    for folder in unpacked.values():
        shutil.rmtree(folder)


def _without_raw_data(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
    return None if "/sourcedata/" in member.name else tarfile.data_filter(member, path)
