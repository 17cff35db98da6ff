"""Open a NIfTI file by its header alone: what it holds, where it lies, and what could not be read."""

import gzip
import math
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, cast

import nibabel as nib
import numpy as np
import numpy.typing as npt
from nibabel.spatialimages import HeaderDataError

from softcord.errors import DataError
from softcord.hints import hint_of
from softcord.io.pointer import read_pointer, way_to_download
from softcord.io.series import SeriesError
from softcord.io.space import Affine, Shape, Space, SpaceError, read_space, times
from softcord.remedies import Remedy

UNREADABLE = (OSError, EOFError, ValueError, KeyError, OverflowError, zlib.error, HeaderDataError)
_GZIP = b"\x1f\x8b"
_EXPORT = "Fetch or export it again"
_FORMATS = {348: (nib.Nifti1Header, b"n+1\0"), 540: (nib.Nifti2Header, b"n+2\0")}


@dataclass(frozen=True)
class NiftiFile:
    """A NIfTI file whose voxels are not read yet; ``header`` is as it stands in the file, nothing repaired.

    ``shape`` has as many axes as the header says; those of length 1 after the third mean nothing.
    """

    path: Path
    header: nib.Nifti1Header
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]

    @property
    def volume_shape(self) -> Shape:
        """Shape of each volume.

        Raises:
            DataError: the file holds no volumes, but one image.
        """
        if len(self.shape) < 3:
            what = f"is no volume but has {len(self.shape)} axes (shape {times(self.shape)})"
            raise DataError(self.path, what, "Give the whole stack as a 3-D image")
        x, y, z = self.shape[:3]
        return x, y, z

    @property
    def volumes(self) -> int:
        """How many volumes the file holds."""
        return math.prod(self.shape[3:])

    @cached_property
    def space(self) -> Space:
        """Where the image lies.

        Raises:
            DataError: the header does not say.
        """
        try:
            return read_space(self.header, self.volume_shape)
        except SpaceError as error:
            raise DataError(self.path, str(error), error.hint) from error

    @property
    def affine(self) -> Affine:
        """The affine of :attr:`space`."""
        return self.space.affine

    def check_content(self, volume: int | None = None) -> None:
        """Refuse what cannot be read as one volume of numbers.

        Raises:
            SeriesError: several volumes, and none chosen.
            DataError: colours, complex numbers, one image, or a volume that is not there.
        """
        kind, shape = self.dtype.kind, times(self.shape)
        if kind == "V":
            what = "holds colours (RGB), not one number a voxel"
            raise DataError(self.path, what, "Convert it to grey values")
        if kind == "c":
            what = "holds complex numbers, not one number a voxel"
            raise DataError(self.path, what, "Give the magnitude image")
        if 0 in self.volume_shape:
            raise DataError(self.path, f"holds no voxel (shape {shape})", _EXPORT)
        if volume is None and self.volumes > 1:
            what = f"is a series of {self.volumes} volumes (shape {shape})"
            raise SeriesError(self.path, what, Remedy.CHOOSE_VOLUME)
        if volume is not None and not 0 <= volume < self.volumes:
            held = "one volume" if self.volumes == 1 else f"volumes 0 to {self.volumes - 1}"
            raise DataError(self.path, f"has no volume {volume}", f"It holds {held} (shape {shape})")

    def open(self) -> BinaryIO:
        """Open the file, unpacked if it is packed."""
        return _open(self.path)


def open_nifti(path: Path) -> NiftiFile:
    """Open a NIfTI file; its voxels are not read yet.

    Raises:
        DataError: the file is missing, not downloaded or not a NIfTI image.
    """
    if pointer := read_pointer(path):
        raise DataError(path, "is not downloaded, a pointer stands in its place", way_to_download(pointer))
    try:
        _refuse_no_file(path)
        _refuse_wrong_name(path)
        with _open(path) as stream:
            header = _read_header(stream)
        shape = tuple(int(n) for n in header.get_data_shape())
        if min(shape, default=-1) < 0:
            raise ValueError(f"its header says shape {times(shape)}")
        return NiftiFile(path, header, shape, _dtype(header))
    except UNREADABLE as error:
        if isinstance(error, OSError) and (hint := hint_of(error)):
            raise DataError(path, f"cannot be read ({error.strerror})", hint) from error
        what = f"is not a readable NIfTI image ({in_words(error)})"
        raise DataError(path, what, _EXPORT) from error


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _refuse_no_file(path: Path) -> None:
    if not path.exists():
        raise DataError(path, "does not exist", "Check the path")
    if path.is_dir():
        raise DataError(path, "is a folder", "Name an image in it")
    if not path.is_file():
        raise DataError(path, "is no file", "Name an image")


def _refuse_wrong_name(path: Path) -> None:
    """Refuse a file that is packed but not called so, or the other way round: no other program reads it."""
    with path.open("rb") as stream:
        is_packed = stream.read(2) == _GZIP
    if is_packed and path.suffix != ".gz":
        raise DataError(path, "is packed with gzip, but not called .nii.gz", "Rename it")
    if path.suffix == ".gz" and not is_packed and path.stat().st_size:
        raise DataError(path, "is called .gz, but is not packed with gzip", "Rename or export it again")


def _read_header(stream: BinaryIO) -> nib.Nifti1Header:
    start = stream.read(4)
    if len(start) < 4:
        raise ValueError("it is empty" if not start else "it ends within its header")
    sizes = {order: int.from_bytes(start, order) for order in ("little", "big")}
    order, size = next(((o, n) for o, n in sizes.items() if n in _FORMATS), ("", 0))
    if not size:
        raise ValueError("it does not begin with a NIfTI header")
    block = start + stream.read(size - 4)
    if len(block) < size:
        raise ValueError("it ends within its header")
    header_class, magic = _FORMATS[size]
    header = header_class(block, endianness=order, check=False)
    if bytes(header["magic"].tobytes())[: len(magic)].rstrip(b"\0") != magic.rstrip(b"\0"):
        raise ValueError("its header is not that of a single NIfTI file, .nii or .nii.gz")
    ndim, offset = int(header["dim"][0]), float(header["vox_offset"])
    if not 1 <= ndim <= 7:
        raise ValueError(f"its header says {ndim} axes")
    if not size <= offset < 2**40:
        raise ValueError(f"its header says that voxels start at byte {offset:g}")
    return header


def _dtype(header: nib.Nifti1Header) -> np.dtype[np.generic]:
    code = int(header["datatype"])
    try:
        dtype: np.dtype[np.generic] = header.get_data_dtype()
    except (KeyError, ValueError) as error:
        raise ValueError(f"data type {code} is unknown") from error
    if dtype.itemsize == 0:
        raise ValueError(f"data type {code} is unknown")
    return dtype


def in_words(error: BaseException) -> str:
    """Say what stopped the reading of a file, without the words of the library below."""
    if isinstance(error, zlib.error):
        return "its packed content is damaged"
    return str(error) or type(error).__name__


def scaling_of(header: nib.Nifti1Header) -> npt.NDArray[np.float64] | None:
    """Slope and intercept of the stored values; None where they are the values."""
    slope, inter = header.get_slope_inter()
    return None if slope is None or (slope, inter) == (1.0, 0.0) else np.array([slope, inter])
