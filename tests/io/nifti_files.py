"""NIfTI files made field by field: what programs write, and what they should not."""

from collections.abc import Mapping
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt

Affine = npt.NDArray[np.float64]
# Voxels of 1 x 1 x 2 mm, to left, front and up, anywhere in the scanner.
PLAIN = np.array([[-1.0, 0, 0, 9], [0, 1, 0, -7], [0, 0, 2, 30], [0, 0, 0, 1]])


def column(shape: tuple[int, int, int] = (12, 12, 8)) -> npt.NDArray[np.float32]:
    """A mask of 4 x 4 voxels in every slice."""
    data = np.zeros(shape, dtype=np.float32)
    data[4:8, 4:8] = 1
    return data


def write_nifti(
    path: Path,
    data: npt.NDArray[np.generic],
    *,
    sform: Affine | None = PLAIN,
    qform: Affine | None = PLAIN,
    fields: Mapping[str, object] | None = None,
    endianness: str = "<",
) -> Path:
    """Write a file with these forms (None: its code is 0); ``fields`` of the header are then set as given."""
    header = nib.Nifti1Header(endianness=endianness)
    header.set_data_dtype(data.dtype)
    header.set_data_shape(data.shape)
    header.set_sform(sform, code=0 if sform is None else 1)
    header.set_qform(np.eye(4) if qform is None else qform, code=0 if qform is None else 1)
    header.set_xyzt_units("mm")
    for name, value in (fields or {}).items():
        header[name] = value
    header["vox_offset"] = 352
    path.parent.mkdir(parents=True, exist_ok=True)
    with nib.openers.ImageOpener(path, "wb") as stream:
        header.write_to(stream)
        stream.write(data.astype(data.dtype.newbyteorder(endianness)).tobytes(order="F"))
    return path


def header_of(path: Path) -> dict[str, list[object]]:
    """The fields of a file's header, but those that its data type and scaling decide."""
    with nib.openers.ImageOpener(path) as stream:
        header = nib.Nifti1Header(stream.read(348), check=False)
    own = {"datatype", "bitpix", "scl_slope", "scl_inter", "cal_min", "cal_max", "dim", "vox_offset"}
    return {name: np.asarray(header[name]).tolist() for name in header if name not in own}
