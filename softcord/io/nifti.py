"""Read and write NIfTI volumes: checked on the way in, atomic on the way out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nibabel as nib
import nibabel.affines
import numpy as np
import numpy.typing as npt
from nibabel.openers import ImageOpener

from softcord.errors import DataError
from softcord.hints import hint_of
from softcord.io.files import replacing
from softcord.io.header import UNREADABLE, NiftiFile, in_words, open_nifti, scaling_of
from softcord.io.memory import refuse_too_large
from softcord.io.space import Space

FloatArray = npt.NDArray[np.floating]

# What spinal cord people call RPI (first voxel at right, posterior, inferior) is nibabel's L-A-S
# (indices grow towards left, anterior, superior).
RPI_AXCODES = ("L", "A", "S")


# Voxels that are read at a time, and how much of a file may follow them before its end is not looked for.
_CHUNK = 2**20
_TAIL_CHUNKS = 4


@dataclass(frozen=True)
class Volume:
    """A 3-D image or mask with its geometry.

    ``data`` is float32, shape (i, j, k) in the file's own axes; ``affine`` maps voxel indices to
    scanner millimetres (RAS+). ``space`` is what the header of its file says, None where there is no file.

    >>> import numpy as np, softcord
    >>> softcord.Volume(np.zeros((4, 4, 2), np.float32), np.diag([0.5, 0.5, 3.0, 1.0])).spacing_mm
    (0.5, 0.5, 3.0)
    """

    data: npt.NDArray[np.float32]
    affine: npt.NDArray[np.float64]
    space: Space | None = field(default=None, compare=False, repr=False)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Length of a voxel's sides along the three array axes."""
        x, y, z = (float(s) for s in nib.affines.voxel_sizes(self.affine))
        return x, y, z


def read_volume(path: Path | str, volume: int | None = None) -> Volume:
    """Read one 3-D volume of numbers; axes of length 1 after the third are dropped.

    Not more is read than the header says, and only if memory can hold it.

    Args:
        path: the file.
        volume: which volume of a series to read, from 0; a single one needs no choice.

    Raises:
        DataError: the file is missing, not downloaded, unreadable, truncated, not one volume of numbers,
            empty, too large, or holds NaN or infinite values; or its header does not say where it is.

    >>> import softcord
    >>> drawn = softcord.phantom_participant(contrasts=["T2star"]).images["T2star"]
    >>> softcord.write_volume("sub-001_T2star.nii.gz", drawn.data, drawn.affine)
    >>> softcord.read_volume("sub-001_T2star.nii.gz").data.shape
    (96, 112, 16)
    """
    path = Path(path)
    image = open_nifti(path)
    image.check_content(volume)
    shape, space = image.volume_shape, image.space
    voxels = float(np.prod(np.array(shape, dtype=np.float64)))
    refuse_too_large(path, voxels, 4 * voxels + 32 * _CHUNK)
    try:
        data = np.empty(int(voxels), dtype=np.float32)
        _read_voxels(image, volume or 0, data)
    except MemoryError as error:
        raise DataError(path, "needs more memory than there is", "Crop it first") from error
    except UNREADABLE as error:
        if isinstance(error, OSError) and (hint := hint_of(error)):
            raise DataError(path, f"cannot be read ({error.strerror})", hint) from error
        what = f"the file is damaged or truncated ({in_words(error)})"
        raise DataError(path, what, "Fetch or export it again") from error
    return Volume(data.reshape(shape, order="F"), space.affine, space)


def space_of(volume: Volume) -> Space:
    """Return where a volume lies: as its file's header says, or its affine where there is no file."""
    if volume.space is not None and np.array_equal(volume.space.affine, volume.affine):
        return volume.space
    x, y, z = volume.data.shape
    return Space((x, y, z), volume.affine, "affine")


def _read_voxels(image: NiftiFile, volume: int, data: npt.NDArray[np.float32]) -> None:
    """Fill ``data`` piece by piece, so that no second copy of the volume is held."""
    scaling, dtype = scaling_of(image.header), image.dtype
    start = int(image.header["vox_offset"]) + volume * len(data) * dtype.itemsize
    with image.open() as stream, np.errstate(over="ignore", invalid="ignore"):
        stream.seek(start)
        for first in range(0, len(data), _CHUNK):
            part = data[first : first + _CHUNK]
            raw = stream.read(len(part) * dtype.itemsize)
            if len(raw) < len(part) * dtype.itemsize:
                raise ValueError(f"it ends after {first + len(raw) // dtype.itemsize} of {len(data)} voxels")
            values = np.frombuffer(raw, dtype)
            part[:] = values if scaling is None else values.astype(np.float64) * scaling[0] + scaling[1]
            if not np.isfinite(part).all():
                raise DataError(
                    image.path, "holds NaN or infinite values", "Replace them (for example by 0) first"
                )
        # A packed file has its checksum at its end, which is near, or else not of this image.
        for _ in range(_TAIL_CHUNKS):
            if not stream.read(_CHUNK):
                break


def write_volume(path: Path | str, data: npt.NDArray[np.generic], affine: npt.NDArray[np.float64]) -> None:
    """Write a NIfTI file under a temporary name, then rename it: no half-written file is ever seen.

    >>> import numpy as np, softcord
    >>> softcord.write_volume("softseg.nii.gz", np.full((4, 4, 2), 0.25, np.float32), np.eye(4))
    >>> float(softcord.read_volume("softseg.nii.gz").data.max())
    0.25
    """
    path = Path(path)
    image = nib.Nifti1Image(np.asarray(data), affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    _write(path, lambda temporary: nib.save(image, temporary))


def write_like(path: Path | str, data: npt.NDArray[np.generic], like: Path | str) -> None:
    """Write a mask with the header of the file ``like``, exactly, but for data type and scaling of values.

    So qform, sform, their codes, voxel sizes and units are those of the image, also where they are odd: a
    mask lies where its image lies, whoever reads the two. ``data`` has the shape of that file's volumes.
    Written under a temporary name, then renamed.

    Raises:
        ValueError: another shape.
        DataError: ``like`` cannot be opened.

    >>> import numpy as np, softcord
    >>> softcord.write_volume("t2.nii.gz", np.zeros((4, 4, 2), np.int16), np.diag([0.5, 0.5, 3.0, 1.0]))
    >>> softcord.write_like("t2_softseg.nii.gz", np.zeros((4, 4, 2), np.float32), like="t2.nii.gz")
    >>> softcord.read_volume("t2_softseg.nii.gz").spacing_mm
    (0.5, 0.5, 3.0)
    """
    path = Path(path)
    source = open_nifti(Path(like))
    if data.shape != source.volume_shape:
        raise ValueError(f"data: must have the image's shape {source.volume_shape}, got {data.shape}")
    header = source.header.copy()
    header.extensions.clear()
    header.set_data_dtype(data.dtype)
    header["dim"] = [3, *data.shape, 1, 1, 1, 1]
    header["vox_offset"] = 0
    header["scl_slope"], header["scl_inter"] = 1, 0
    header["cal_min"], header["cal_max"] = 0, 1
    header["intent_code"], header["intent_name"] = 0, b""

    def save(temporary: Path) -> None:
        with ImageOpener(temporary, "wb") as stream:
            header.write_to(stream)
            stream.write(data.astype(header.get_data_dtype(), copy=False).tobytes(order="F"))

    _write(path, save)


def _write(path: Path, save: Callable[[Path], object]) -> None:
    with replacing(path) as temporary:
        save(temporary)


def to_rpi(volume: Volume) -> Volume:
    """Flip and permute the axes to run right to left, posterior to anterior, inferior to superior."""
    turned = reorientation(volume.affine)
    data = nib.apply_orientation(volume.data, turned)
    affine = volume.affine @ nib.orientations.inv_ornt_aff(turned, volume.data.shape)
    return Volume(np.ascontiguousarray(data), affine)


def from_rpi(data_rpi: FloatArray, native_affine: npt.NDArray[np.float64]) -> FloatArray:
    """Undo :func:`to_rpi`: bring an RPI array back to the axes of ``native_affine``."""
    native = nib.io_orientation(native_affine)
    rpi = nib.orientations.axcodes2ornt(RPI_AXCODES)
    turned = nib.orientations.ornt_transform(rpi, native)
    return np.ascontiguousarray(nib.apply_orientation(data_rpi, turned))


def reorientation(affine: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the nibabel orientation transform from ``affine``'s axes to RPI."""
    rpi = nib.orientations.axcodes2ornt(RPI_AXCODES)
    turned: npt.NDArray[np.float64] = nib.orientations.ornt_transform(nib.io_orientation(affine), rpi)
    return turned
