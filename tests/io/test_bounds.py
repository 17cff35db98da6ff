"""What a file can take of memory is known from its header, and refused there."""

import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from softcord.errors import DataError
from softcord.io import memory
from softcord.io.nifti import read_volume
from tests.io.nifti_files import column, write_nifti


def peak_bytes(path: Path) -> float:
    tracemalloc.start()
    try:
        read_volume(path)
    except DataError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


@pytest.mark.parametrize("side", [2000, 30000])
@pytest.mark.parametrize("name", ["huge.nii", "huge.nii.gz"])
def test_a_header_that_claims_more_than_the_file_can_hold_is_refused_before_anything_is_allocated(
    tmp_path: Path, side: int, name: str
) -> None:
    path = write_nifti(tmp_path / name, column(), fields={"dim": [3, side, side, side, 1, 1, 1, 1]})
    with pytest.raises(DataError, match=r"claims .* voxels, which take .* GB of memory, in a file of"):
        read_volume(path)
    assert peak_bytes(path) < 1e6


def test_a_packed_file_is_read_no_further_than_its_header_says(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "small.nii.gz", column())
    with gzip.open(path) as stream:
        content = stream.read()
    with gzip.open(path, "wb", compresslevel=1) as stream:
        stream.write(content)
        for _ in range(200):
            stream.write(bytes(2**20))
    assert np.array_equal(read_volume(path).data, column())
    assert peak_bytes(path) < 40e6


def test_what_memory_cannot_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_nifti(tmp_path / "one.nii.gz", column())
    monkeypatch.setattr(memory, "free_bytes", lambda: 1e3)
    with pytest.raises(DataError, match=r"1e-06 GB are free here; crop the image first"):
        read_volume(path)


@pytest.mark.parametrize("keep", [0, 3, 100, 347, 360, 2000])
@pytest.mark.parametrize("name", ["short.nii", "short.nii.gz"])
def test_a_file_that_was_cut_short_is_named_in_one_line(tmp_path: Path, name: str, keep: int) -> None:
    path = write_nifti(tmp_path / name, np.random.default_rng(0).random((12, 12, 8)).astype(np.float32))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"short.*(not a readable NIfTI|damaged or truncated)") as caught:
        read_volume(path)
    assert "\n" not in str(caught.value)


def test_a_packed_file_with_a_wrong_checksum_is_damaged(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "one.nii.gz", column())
    content = bytearray(path.read_bytes())
    content[-6] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged or truncated"):
        read_volume(path)
