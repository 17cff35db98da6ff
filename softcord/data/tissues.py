"""Label maps of all that an image shows, for training on drawn images (SynthSeg)."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.cluster.vq import kmeans2
from scipy.ndimage import distance_transform_edt

from softcord.data.cache import CachedVolume, CacheSettings, crop
from softcord.data.filehash import content_hash, known_hashes
from softcord.data.resample import make_grid
from softcord.errors import DataError
from softcord.io.files import replacing
from softcord.io.nifti import Volume, read_volume, to_rpi

Labels = npt.NDArray[np.uint8]
BRIGHTNESS_CLASSES = 10  # as many as the paper's authors tried (their branch nk/r2-synthseg)
_SAMPLE = 20_000


def with_tissues(volume: CachedVolume, tissues: Path | None, settings: CacheSettings) -> CachedVolume:
    """Return a prepared volume with a label map in place of its image, made once and kept beside its mask.

    The map is that of the file ``tissues`` (the image's own grid, whole numbers up to 255), with its cord
    made that of the mask, or else the mask and classes of brightness around it.

    Raises:
        DataError: the file does not fit, or holds other values.
    """
    assert volume.softseg is not None
    entry = volume.softseg.parent
    name = content_hash(tissues, entry.parent, known_hashes(entry.parent))[:12] if tissues else "brightness"
    path = entry / f"tissues-{name}.npy"
    if not path.exists():
        softseg = np.load(volume.softseg).astype(np.float32)
        cord = softseg > 0.5
        if tissues is None:
            labels = brightness_classes(np.load(volume.image).astype(np.float32), cord)
        else:
            labels = agree_with_cord(_on_grid(tissues, cord.shape, settings), cord)
        _write(path, labels)
    return replace(volume, image=path)


def brightness_classes(
    image: npt.NDArray[np.float32], cord: npt.NDArray[np.bool_], classes: int = BRIGHTNESS_CLASSES
) -> Labels:
    """Return k-means classes of brightness, darkest 0, and the cord as a class of its own above them."""
    around = image[~cord]
    sample = around[:: max(1, len(around) // _SAMPLE)].astype(np.float64)
    start = np.unique(np.quantile(sample, np.linspace(0, 1, classes)))
    centres, _ = kmeans2(sample[:, None], start[:, None], minit="matrix", missing="warn")
    centres = np.sort(centres[:, 0])
    labels = np.digitize(image, (centres[1:] + centres[:-1]) / 2).astype(np.uint8)
    labels[cord] = len(centres)
    return labels


def agree_with_cord(labels: Labels, cord: npt.NDArray[np.bool_]) -> Labels:
    """Return a label map whose cord is that of a mask.

    A class is of the cord if most of its voxels lie in the mask. Voxels of the cord outside the mask become
    the nearest tissue around it, and others inside it the nearest of the cord (a new class if there is none).
    """
    if not cord.any():
        return labels
    inside, everywhere = (np.bincount(part.ravel(), minlength=256) for part in (labels[cord], labels))
    is_cord = np.isin(labels, np.flatnonzero(inside * 2 > everywhere))
    agreed = labels.copy()
    for mask, has_wrong_class in ((cord, ~is_cord), (~cord, is_cord)):
        right = mask & ~has_wrong_class
        wrong = mask & has_wrong_class
        if not right.any():
            agreed[wrong] = labels.max() + 1
        elif wrong.any():
            nearest = distance_transform_edt(~right, return_distances=False, return_indices=True)
            agreed[wrong] = labels[tuple(nearest[:, wrong])]
    return agreed


def _on_grid(path: Path, shape: tuple[int, ...], settings: CacheSettings) -> Labels:
    volume = read_volume(path)
    if (volume.data != np.round(volume.data)).any() or not 0 <= volume.data.min() <= volume.data.max() <= 254:
        raise DataError(path, "is no label map: it holds other values than whole numbers from 0 to 254")
    labels = crop(_nearest(volume, settings.spacing_mm), settings)
    if labels.shape != shape:
        raise DataError(path, f"has another field of view than its image: {labels.shape} instead of {shape}")
    return labels


def _nearest(volume: Volume, spacing_mm: float) -> Labels:
    """Return a label map on the isotropic grid that images are prepared on."""
    i, j, k = volume.data.shape
    grid = make_grid((i, j, k), volume.affine, spacing_mm)
    rpi = to_rpi(volume)
    index = []
    for n_in, n_out, size_mm in zip(rpi.data.shape, grid.shape, rpi.spacing_mm, strict=True):
        place = (np.arange(n_out) - (n_out - 1) / 2) * spacing_mm / size_mm + (n_in - 1) / 2
        index.append(np.clip(np.round(place), 0, n_in - 1).astype(int))
    labels: Labels = rpi.data[np.ix_(*index)].astype(np.uint8)
    return labels


def _write(path: Path, labels: Labels) -> None:
    with replacing(path) as temporary:
        np.save(temporary, labels)
