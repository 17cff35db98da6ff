"""Read and write NIfTI volumes: checked on the way in, atomic on the way out."""

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import nibabel as nib
import nibabel.affines
import numpy as np
import numpy.typing as npt
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError

from softcord.errors import DataError
from softcord.io.pointer import read_pointer, way_to_download

FloatArray = npt.NDArray[np.floating]

# What spinal cord people call RPI (first voxel at right, posterior, inferior) is nibabel's L-A-S
# (indices grow towards left, anterior, superior).
RPI_AXCODES = ("L", "A", "S")


@dataclass(frozen=True)
class Volume:
    """A 3-D image or mask with its geometry.

    ``data`` is float32, shape (i, j, k) in the file's own axes; ``affine`` maps voxel indices to
    scanner millimetres (RAS+).
    """

    data: npt.NDArray[np.float32]
    affine: npt.NDArray[np.float64]

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Voxel size along the three array axes."""
        x, y, z = (float(s) for s in nib.affines.voxel_sizes(self.affine))
        return x, y, z


def read_volume(path: Path | str) -> Volume:
    """Read a 3-D NIfTI file (a 4-D one with a single frame is squeezed).

    Raises:
        DataError: the file is missing, not downloaded, unreadable, truncated, not 3-D, not scalar, empty,
            or holds NaN or infinite values.
    """
    path = Path(path)
    image = open_nifti(path)
    shape = image.shape[:3] if len(image.shape) == 4 and image.shape[3] == 1 else image.shape
    if len(shape) != 3 or 0 in shape or image.get_data_dtype().kind not in "iuf":
        raise DataError(
            path, f"expected one 3-D scalar volume, found shape {image.shape}", "Extract one frame first"
        )
    try:
        data = _voxels(path, image).reshape(shape)
    except (OSError, EOFError, ValueError, OverflowError, zlib.error) as error:
        raise DataError(
            path, f"the file is damaged or truncated ({error})", "Fetch or export it again"
        ) from error
    if not np.isfinite(data).all():
        raise DataError(path, "holds NaN or infinite values", "Replace them (for example by 0) first")
    if abs(np.linalg.det(image.affine[:3, :3])) < 1e-9:
        raise DataError(path, "its affine is singular, so voxel sizes are unknown", "Repair the header first")
    return Volume(data, np.asarray(image.affine, dtype=np.float64))


def _voxels(path: Path, image: nib.Nifti1Image) -> npt.NDArray[np.float32]:
    if path.suffix == ".gz":
        # To the end of the file, where its checksum is: nibabel stops at the last voxel and does not look.
        with gzip.open(path) as stream:
            image = type(image).from_bytes(stream.read())
    return np.asarray(image.dataobj, dtype=np.float32)


def open_nifti(path: Path) -> nib.Nifti1Image:
    """Open a NIfTI file; its voxels are not read yet.

    Raises:
        DataError: the file is missing, not downloaded or not a NIfTI image.
    """
    if pointer := read_pointer(path):
        raise DataError(path, "is not downloaded, a pointer stands in its place", way_to_download(pointer))
    if not path.exists():
        raise DataError(path, "does not exist", "Check the path")
    if path.is_dir():
        raise DataError(path, "is a folder", "Name an image in it")
    try:
        image = nib.load(path)
    except (OSError, EOFError, ValueError, zlib.error, HeaderDataError, ImageFileError) as error:
        raise DataError(
            path, f"is not a readable NIfTI image ({error})", "Fetch or export it again"
        ) from error
    if not isinstance(image, nib.Nifti1Image):
        raise DataError(path, "is not a NIfTI image", "Convert it to .nii.gz first")
    return image


def write_volume(path: Path | str, data: npt.NDArray[np.generic], affine: npt.NDArray[np.float64]) -> None:
    """Write a NIfTI file under a temporary name, then rename it: no half-written file is ever seen."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(np.asarray(data), affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    _save(image, path)


def write_like(path: Path | str, data: npt.NDArray[np.generic], like: Path | str) -> None:
    """Write a mask with the geometry of the file ``like`` as its header has it: qform, sform, codes, units.

    ``data`` has the shape of that file's volume. Written under a temporary name, then renamed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    source = open_nifti(Path(like))
    header = source.header.copy()
    header.extensions.clear()
    header.set_data_dtype(data.dtype)
    header.set_data_shape(data.shape)
    header["scl_slope"], header["scl_inter"] = 1, 0
    header["cal_min"], header["cal_max"] = 0, 1
    header["intent_code"], header["intent_name"] = 0, b""
    _save(type(source)(data, None, header), path)


def _save(image: nib.Nifti1Image, path: Path) -> None:
    with NamedTemporaryFile(dir=path.parent, prefix=".", suffix=f"_{path.name}", delete=False) as stream:
        temporary = Path(stream.name)
    try:
        nib.save(image, temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


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
