"""NIfTI files as nobody should write them, drawn from a seed: one that ever failed can be kept."""

import gzip
import zlib
from pathlib import Path

import nibabel as nib
import numpy as np

SHAPE = (14, 16, 12)
_SIZES = [0, 1, -1, 2, 3, 7, 8, 255, 2000, 27307, 30000, 32767, -32768]
_NUMBERS = [0.0, 1.0, -1.0, 1e-30, 1e-6, 0.5, 3.0, 500.0, 1e5, 1e20, 3e38, -3e38, np.nan, np.inf, -np.inf]
_CODES = [0, 1, 2, 3, 4, 5, -1, 100, 32767]
_DATATYPES = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 768, 1024, 1280, 1536, 1792, 2048, 2304, 9999, -1]
_OFFSETS = [0, 1, 100, 348, 351, 352, 353, 544, 4096, 1e6, 1e12, 3e38, -352, np.nan, np.inf]
_MAGIC = [b"n+1\0", b"ni1\0", b"n+2\0", b"\0\0\0\0", b"n+1x", b"\xff\xff\xff\xff"]
_FLOATS = (
    *("scl_slope", "scl_inter", "cal_max", "toffset"),
    *(f"quatern_{one}" for one in "bcd"),
    *(f"qoffset_{one}" for one in "xyz"),
)


def draw(seed: int, *, is_mask: bool, contents_of: str = ".nii.gz") -> bytes:
    """The content of a file whose header, and sometimes body, is changed; a few stay as they are."""
    rng = np.random.default_rng(seed)
    data = np.zeros(SHAPE)
    data[5:9, 5:10] = 1
    if not is_mask:
        data = 3 * data + rng.random(SHAPE)
    dtype = rng.choice(["u1", "i2", "f4", "f8"])
    header = nib.Nifti1Header(endianness=str(rng.choice(["<", ">"], p=[0.9, 0.1])))
    header.set_data_dtype(dtype)
    header.set_data_shape(SHAPE)
    affine = np.diag([-1.0, 1, 2, 1])
    header.set_sform(affine, code=1)
    header.set_qform(affine, code=1)
    header["vox_offset"] = 352
    for _ in range(rng.integers(0, 5)):
        _change(header, rng)
    block = bytearray(header.binaryblock)
    if rng.random() < 0.15:
        for place in rng.integers(0, len(block), rng.integers(1, 30)):
            block[place] = rng.integers(0, 256)
    voxels = data.astype(np.dtype(str(dtype)).newbyteorder(header.endianness)).tobytes(order="F")
    content = bytes(block) + bytes(4) + _body(voxels, rng)
    return _pack(content, rng) if contents_of == ".nii.gz" else content


def _change(header: nib.Nifti1Header, rng: np.random.Generator) -> None:
    """Set one field to what it should not be."""
    what = rng.integers(0, 9)
    if what == 0:
        header["dim"][rng.integers(0, 8)] = rng.choice(_SIZES)
    elif what == 1:
        header["dim"][1:4] = rng.choice([1, 2, 5, 500, 2000, 30000], 3)
    elif what == 2:
        header["pixdim"][rng.integers(0, 8)] = rng.choice(_NUMBERS)
    elif what == 3:
        header[str(rng.choice(["qform_code", "sform_code"]))] = rng.choice(_CODES)
    elif what == 4:
        header[f"srow_{rng.choice(list('xyz'))}"][rng.integers(0, 4)] = rng.choice(_NUMBERS)
    elif what == 5:
        header[str(rng.choice(_FLOATS))] = rng.choice(_NUMBERS)
    elif what == 6:
        header["datatype"] = rng.choice(_DATATYPES)
    elif what == 7:
        header["vox_offset"] = rng.choice(np.array(_OFFSETS, dtype=np.float32))
    elif rng.random() < 0.3:
        header["magic"] = _MAGIC[rng.integers(0, len(_MAGIC))]
    else:
        header["dim"] = [5, *SHAPE, 1, rng.integers(1, 3), 1, 1]


def _body(voxels: bytes, rng: np.random.Generator) -> bytes:
    kind = rng.random()
    if kind < 0.1:
        return voxels[: rng.integers(0, len(voxels))]
    if kind < 0.2:
        changed = bytearray(voxels)
        for place in rng.integers(0, len(changed), 20):
            changed[place] = rng.integers(0, 256)
        return bytes(changed)
    if kind < 0.22:
        return voxels + bytes(60_000_000)
    return voxels


def _pack(content: bytes, rng: np.random.Generator) -> bytes:
    packed = bytearray(gzip.compress(content, compresslevel=1, mtime=0))
    kind = rng.random()
    if kind < 0.06:
        return bytes(packed[: rng.integers(0, len(packed))])
    if kind < 0.12:
        packed[rng.integers(0, len(packed))] ^= 1 << int(rng.integers(0, 8))
    elif kind < 0.14:
        return zlib.compress(content)
    return bytes(packed)


def write(path: Path, seed: int, *, is_mask: bool) -> Path:
    """Write the file of a seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ending = ".nii.gz" if path.name.endswith(".nii.gz") else ".nii"
    path.write_bytes(draw(seed, is_mask=is_mask, contents_of=ending))
    return path
