"""Training samples: patches of prepared volumes, each determined by (seed, epoch, index) alone."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from softcord.data.cache import CachedVolume
from softcord.data.resample import Shape

if TYPE_CHECKING:
    from softcord.augment.chain import Augment


class PatchDataset(Dataset[dict[str, Any]]):
    """Patches of cached volumes with their soft masks.

    Args:
        volumes: prepared volumes; each must have a label.
        patch_size: voxels along R-L, A-P, S-I. Volumes smaller than that are padded with black.
        augment: random transforms, or None for none.
        seed: with the index, all that a sample depends on.
        crop: ``center`` takes the middle of each volume (the paper's code), ``random`` draws a place.
        foreground_share: share of random patches that are drawn around a voxel of the cord.
        patches_per_image: patches of each volume in an epoch.
        augment_later: leave the transforms to whoever has the sample; see :func:`finished`.

    An index counts on over epochs: sample ``i`` of epoch ``e`` is ``e * len(dataset) + i``. The same index is
    the same sample, bit for bit, whatever worker makes it and whether or not training was interrupted.

    Raises:
        ValueError: an argument is out of range; the message starts with its name.
    """

    def __init__(
        self,
        volumes: Sequence[CachedVolume],
        patch_size: Shape,
        augment: "Augment | None" = None,
        *,
        seed: int = 0,
        crop: Literal["center", "random"] = "random",
        foreground_share: float = 0.67,
        patches_per_image: int = 1,
        augment_later: bool = False,
    ) -> None:
        if min(patch_size) < 1:
            raise ValueError(f"patch_size: must be at least 1 along each axis, got {patch_size}")
        if not 0 <= foreground_share <= 1:
            raise ValueError(f"foreground_share: must be in [0, 1], got {foreground_share}")
        if patches_per_image < 1:
            raise ValueError(f"patches_per_image: must be at least 1, got {patches_per_image}")
        if crop not in ("center", "random"):
            raise ValueError(f"crop: must be center or random, got {crop}")
        self.volumes = volumes
        self.patch_size = patch_size
        self.augment = augment
        self.seed = seed
        self.crop = crop
        self.foreground_share = foreground_share
        self.patches_per_image = patches_per_image
        self.augment_later = augment_later

    def __len__(self) -> int:
        """Samples of one epoch."""
        return len(self.volumes) * self.patches_per_image

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return ``image``, mean 0 and standard deviation 1, and ``softseg`` in [0, 1].

        Both are float32 of shape (1, R-L, A-P, S-I).
        """
        epoch, sample = divmod(index, len(self))
        rng = np.random.default_rng([self.seed, epoch, sample])
        volume = self.volumes[sample // self.patches_per_image]
        assert volume.softseg is not None
        # Memory-mapped: only the patch is read from disk.
        image, softseg = np.load(volume.image, mmap_mode="r"), np.load(volume.softseg, mmap_mode="r")
        corner = self._corner(rng, volume, image.shape)
        patch = _cut(image, corner, self.patch_size), _cut(softseg, corner, self.patch_size)
        return sample_of(*patch, self.augment, rng, later=self.augment_later)

    def _corner(self, rng: np.random.Generator, volume: CachedVolume, shape: tuple[int, ...]) -> list[int]:
        """Return the first voxel of the patch, negative along axes where the volume has to be padded."""
        slack = np.array(shape) - self.patch_size
        corner = slack // 2
        if self.crop == "random":
            drawn = np.floor(rng.random(3) * (slack + 1)).astype(int)
            if rng.random() < self.foreground_share:
                drawn = self._corner_on_cord(rng, volume, drawn)
            corner = np.where(slack > 0, np.clip(drawn, 0, np.maximum(slack, 0)), corner)
        return [int(start) for start in corner]

    def _corner_on_cord(
        self, rng: np.random.Generator, volume: CachedVolume, otherwise: npt.NDArray[np.int_]
    ) -> npt.NDArray[np.int_]:
        assert volume.cord is not None
        cord = np.load(volume.cord)
        if len(cord) == 0:
            return otherwise
        # Off the middle by up to a quarter of the patch, so that the net cannot learn where the cord lies.
        place = rng.uniform(0.25, 0.75, 3) * self.patch_size
        corner: npt.NDArray[np.int_] = cord[rng.integers(len(cord))].astype(int) - place.astype(int)
        return corner


def sample_of(
    image: Tensor, softseg: Tensor, augment: "Augment | None", rng: np.random.Generator, *, later: bool
) -> dict[str, Any]:
    """Return a training sample of a patch (R-L, A-P, S-I): ``image`` and ``softseg`` with a channel in front.

    With ``later`` it holds the patch as it is and, as ``augment``, a function that is still to be called, on
    whatever device image and mask lie by then: :func:`finished`. What it does has been drawn already.
    """
    if augment is None:
        return as_sample(image, softseg)
    x, y, z = image.shape
    transform = partial(augment.apply, drawn=augment.draw(rng, (x, y, z)))
    if later:
        return {"image": image[None], "softseg": softseg[None], "augment": transform}
    return as_sample(*transform(image, softseg))


def as_sample(image: Tensor, softseg: Tensor) -> dict[str, Any]:
    """Return the sample that training takes, of a patch after all transforms."""
    return {"image": standardise(image)[None], "softseg": softseg[None]}


def standardise(image: Tensor) -> Tensor:
    """Shift and scale an image to mean 0 and standard deviation 1 (paper 2.3.2, z-score)."""
    deviation, mean = torch.std_mean(image)
    return (image - mean) / deviation.clamp_min(1e-6)


def _cut(array: npt.NDArray[np.float16], corner: Sequence[int], size: Shape) -> Tensor:
    """Return a patch as float32, 0 outside the array."""
    patch = np.zeros(size, dtype=np.float32)
    inside, outside = [], []
    for start, length, n in zip(corner, size, array.shape, strict=True):
        low, high = max(start, 0), min(start + length, n)
        inside.append(slice(low, high))
        outside.append(slice(low - start, high - start))
    patch[tuple(outside)] = array[tuple(inside)]
    return torch.from_numpy(patch)
