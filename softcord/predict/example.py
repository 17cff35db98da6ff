"""A small image and the mask that a model makes of it, as a package carries them."""

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from softcord.errors import DataError
from softcord.io.nifti import Volume

_STEPS = 255  # of a soft mask's values: rounding to them is far below what a self-test allows
_LONGEST_SIDE = 96
_MOST_BYTES = 4 * _LONGEST_SIDE**3
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class Example:
    """An image (grey values 0 to 255), the soft mask expected of it, and their affine (4, 4)."""

    image: npt.NDArray[np.uint8]
    softseg: npt.NDArray[np.float32]
    affine: npt.NDArray[np.float64]

    @property
    def volume(self) -> Volume:
        """The image as it would be read from a file."""
        return Volume(self.image.astype(np.float32), self.affine)


def example_bytes(example: Example) -> bytes:
    """Return the file of an example: tensors, packed; the same bytes for the same example."""
    softseg = np.round(example.softseg * _STEPS).astype(np.uint8)
    tensors = {"image": example.image, "softseg": softseg, "affine": example.affine}
    return gzip.compress(save({name: np.ascontiguousarray(one) for name, one in tensors.items()}), mtime=0)


def read_example(package: Path, content: bytes) -> Example:
    """Return the example of a package; no more is unpacked than an example may take.

    Raises:
        DataError: it is none.
    """
    try:
        packed = zlib.decompressobj(_GZIP)
        found = load(packed.decompress(content, _MOST_BYTES))
        image, softseg, affine = found["image"], found["softseg"], found["affine"]
        if not (image.shape == softseg.shape and image.ndim == 3 and max(image.shape) <= _LONGEST_SIDE):
            raise ValueError(f"an image of {image.shape} and a mask of {softseg.shape}")
        if image.dtype != np.uint8 or softseg.dtype != np.uint8 or affine.dtype != np.float64:
            raise ValueError(f"numbers of {image.dtype}, {softseg.dtype} and {affine.dtype}")
        if affine.shape != (4, 4) or not np.isfinite(affine).all() or not np.linalg.det(affine[:3, :3]):
            raise ValueError("no affine")
    except (zlib.error, SafetensorError, KeyError, ValueError, TypeError) as error:
        what = f"its self-test cannot be read ({(str(error) or type(error).__name__).splitlines()[0]})"
        raise DataError(package, what, "Export or download it again") from error
    return Example(image, (softseg / _STEPS).astype(np.float32), affine)
