"""Volumes ready for training: resampled once, kept on disk by content, shared by every run of a sweep.

An entry is a folder named after a hash of the source file's bytes and of the settings. It holds ``.npy``
arrays, written each under a temporary name and then renamed, and last of all ``entry.json``, which lists
their sizes. An entry without a list, or with a file of another size, is damaged and built again.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from filelock import FileLock

from softcord.data.filehash import content_hash, fingerprint, known_hashes
from softcord.data.resample import Interpolation, Shape, to_grid
from softcord.errors import DataError
from softcord.io.files import replacing, write_json
from softcord.io.masks import read_mask
from softcord.io.nifti import Volume, read_volume, space_of
from softcord.io.pointer import read_pointer
from softcord.io.space import Space, check_for_grid, misfit
from softcord.processes.parallel import Outcome, parallel_map

Number = TypeVar("Number", bound=np.generic)
Arrays = dict[str, npt.NDArray[np.generic]]
# Image and label file; the label is missing where nothing but the image is wanted.
Pair = tuple[Path, Path | None]

FORMAT = 1  # raise it when entries of an older version must not be used
CORD_VOXELS = 1024  # kept to draw patches on the cord; more would not change where patches fall


@dataclass(frozen=True)
class CacheSettings:
    """How volumes are prepared; part of every entry's name.

    ``crop_mm`` keeps a central box (R-L, A-P, S-I) of what is resampled, at most; None keeps all of it.
    ``interpolation`` is that of the image, and ``spline2`` is the paper's; labels are always linear.
    """

    spacing_mm: float = 1.0
    crop_mm: Shape | None = None
    interpolation: Interpolation = "linear"

    def __post_init__(self) -> None:
        """Refuse values that prepare nothing."""
        if not self.spacing_mm > 0:
            raise ValueError(f"spacing_mm: must be > 0, got {self.spacing_mm}")
        if self.crop_mm is not None and min(self.crop_mm) < self.spacing_mm:
            raise ValueError(f"crop_mm: must be at least one voxel along each axis, got {self.crop_mm}")


@dataclass(frozen=True)
class CachedVolume:
    """One prepared image and its label: ``.npy`` files on the same isotropic RPI grid.

    ``image`` is float16, minimum 0 (black) and standard deviation 1. ``softseg`` is float16 in [0, 1], soft
    because it was resampled even where the label is hard. ``cord`` holds up to 1024 voxel indices of the
    cord, int16, shape (n, 3).
    """

    image: Path
    softseg: Path | None = None
    cord: Path | None = None


def prepare_volume(
    image_path: Path, label_path: Path | None, cache_dir: Path, settings: CacheSettings | None = None
) -> CachedVolume:
    """Return the cached volume of one image and its label, building what is missing.

    Safe when several processes ask for the same volume: one builds, the others wait and take it.

    Raises:
        DataError: a file cannot be used, the image is constant, or the label has another shape or affine
            than the image or values outside [0, 1].
    """
    return _prepare((image_path, label_path), cache_dir, settings or CacheSettings(), known_hashes(cache_dir))


def prepare_all(
    pairs: Sequence[Pair],
    cache_dir: Path,
    settings: CacheSettings | None = None,
    *,
    jobs: int = 1,
    on_done: Callable[[str], None] | None = None,
) -> list[Outcome[Pair, CachedVolume]]:
    """Prepare many volumes in ``jobs`` processes; outcomes are in the order of ``pairs``.

    A file that cannot be used gives an outcome with an error line and stops none of the others. ``on_done``
    receives the name of each image as it is finished.
    """
    settings = settings or CacheSettings()
    hashes = known_hashes(cache_dir)
    done: dict[Pair, Outcome[Pair, CachedVolume]] = {}
    missing: list[Pair] = []
    for pair in dict.fromkeys(pairs):
        volume = _find(pair, cache_dir, settings, hashes)
        if volume is None:
            missing.append(pair)
            continue
        done[pair] = Outcome(pair, volume, None)
        if on_done:
            on_done(pair[0].name)
    prepare = partial(_prepare, cache_dir=cache_dir, settings=settings, hashes=hashes)
    for outcome in parallel_map(prepare, missing, jobs):
        done[outcome.item] = outcome
        if on_done:
            on_done(outcome.item[0].name)
    return [done[pair] for pair in pairs]


def _prepare(pair: Pair, cache_dir: Path, settings: CacheSettings, hashes: dict[str, str]) -> CachedVolume:
    image_path, label_path = pair
    image_key, label_key = _keys(pair, settings, [_hash(path, cache_dir, hashes) for path in pair if path])
    image = _ensure(cache_dir, image_key, image_path, partial(_image_arrays, image_path, settings))
    if label_path is None or label_key is None:
        return _volume(image, None)
    build = partial(_label_arrays, label_path, image_path, settings)
    return _volume(image, _ensure(cache_dir, label_key, label_path, build))


def _find(
    pair: Pair, cache_dir: Path, settings: CacheSettings, hashes: dict[str, str]
) -> CachedVolume | None:
    """Return the volume if the files are known, unchanged and prepared."""
    try:
        digests = [hashes[fingerprint(path)] for path in pair if path]
    except (OSError, KeyError):
        return None
    image_key, label_key = _keys(pair, settings, digests)
    image = cache_dir / image_key
    label = cache_dir / label_key if label_key else None
    if not _is_whole(image) or (label and not _is_whole(label)):
        return None
    return _volume(image, label)


def _hash(path: Path, cache_dir: Path, hashes: dict[str, str]) -> str:
    if read_pointer(path) or not path.exists():
        read_volume(path)  # raises the error that says what is wrong
    return content_hash(path, cache_dir, hashes)


def _volume(image: Path, label: Path | None) -> CachedVolume:
    if label is None:
        return CachedVolume(image / "image.npy")
    return CachedVolume(image / "image.npy", label / "softseg.npy", label / "cord.npy")


def _keys(pair: Pair, settings: CacheSettings, digests: Sequence[str]) -> tuple[str, str | None]:
    prepared = json.dumps({"format": FORMAT, **asdict(settings)}, sort_keys=True)
    image_key = _digest(f"{prepared} {digests[0]}")
    # The label's entry depends on the image's too: both must be on one grid.
    return image_key, _digest(f"{prepared} {digests[0]} {digests[1]}") if pair[1] else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _ensure(cache_dir: Path, key: str, source: Path, build: Callable[[], Arrays]) -> Path:
    entry = cache_dir / key
    if _is_whole(entry):
        return entry
    locks = cache_dir / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(locks / f"{key[:2]}.lock"):
        if not _is_whole(entry):
            _write_entry(entry, source, build())
    return entry


def _write_entry(entry: Path, source: Path, arrays: Arrays) -> None:
    sizes: dict[str, int] = {}
    for name, array in arrays.items():
        with replacing(entry / f"{name}.npy", durable=True) as temporary:
            np.save(temporary, array)
        sizes[f"{name}.npy"] = (entry / f"{name}.npy").stat().st_size
    write_json(entry / "entry.json", {"source": str(source), "bytes": sizes})


def _is_whole(entry: Path) -> bool:
    try:
        sizes = json.loads((entry / "entry.json").read_bytes())["bytes"]
        return all((entry / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _image_arrays(path: Path, settings: CacheSettings) -> Arrays:
    volume = read_volume(path)
    check_for_grid(path, space_of(volume))
    if volume.data.min() == volume.data.max():
        raise DataError(path, f"is constant (every voxel is {volume.data.min():g})", "Leave this image out")
    image = crop(to_grid(volume, settings.spacing_mm, settings.interpolation)[0], settings)
    # Scaled rather than centred: multiplying by a bias field needs a black that is 0.
    return {"image": ((image - image.min()) / max(float(image.std()), 1e-6)).astype(np.float16)}


def _label_arrays(label_path: Path, image_path: Path, settings: CacheSettings) -> Arrays:
    label, image = read_mask(label_path), read_volume(image_path)
    check_label(label_path, label, space_of(image))
    softseg = crop(to_grid(Volume(label.data.clip(0, 1), image.affine), settings.spacing_mm)[0], settings)
    cord = np.argwhere(softseg > 0.5)
    spread = np.linspace(0, len(cord) - 1, min(len(cord), CORD_VOXELS)).astype(int)
    return {"softseg": softseg.astype(np.float16), "cord": cord[spread].astype(np.int16)}


def check_label(path: Path, label: Volume, image: Space) -> None:
    """Refuse a mask that is not on its image's grid, or whose values are no shares of a voxel.

    Raises:
        DataError: another shape, more than 0.1 mm off, or values outside [0, 1].
    """
    off = misfit(image, space_of(label))
    if off is not None and not off.fits_as_used:
        raise DataError(path, off.what, "Resample the label to its image, or correct its header")
    low, high = float(label.data.min()), float(label.data.max())
    if low < -1e-3 or high > 1 + 1e-3:
        raise DataError(
            path, f"holds values outside [0, 1]: {low:g} to {high:g}", "Rescale it, or choose another label"
        )


def crop(array: npt.NDArray[Number], settings: CacheSettings) -> npt.NDArray[Number]:
    """Return the central box that the settings keep of a volume on the grid."""
    if settings.crop_mm is None:
        return array
    box = []
    for n, size_mm in zip(array.shape, settings.crop_mm, strict=True):
        size = min(n, round(size_mm / settings.spacing_mm))
        start = (n - size) // 2
        box.append(slice(start, start + size))
    return array[tuple(box)]
