"""Drawn patches as a dataset to train on, each determined by (seed, epoch, index) alone."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from softcord.data.resample import Shape
from softcord.synthetic.patch import draw_patch
from softcord.synthetic.settings import SyntheticSettings
from softcord.train.patches import sample_of

if TYPE_CHECKING:
    from softcord.augment.chain import Augment

# The validation patches are the same whatever the training's seed, so that runs compare by their loss.
_VALIDATION_SEED = 20_250_310


class SyntheticPatches(Dataset[dict[str, Any]]):
    """Patches that no one has seen before.

    An index counts on over epochs as that of :class:`softcord.train.patches.PatchDataset` does: sample ``i``
    of epoch ``e`` is ``e * len(dataset) + i``, the same, bit for bit, whatever worker draws it.

    Args:
        settings: what is drawn; ``patches_per_epoch`` is the length.
        patch_size: voxels of 1 mm along R-L, A-P, S-I.
        seed: with the index, all that a patch depends on.
        augment: random transforms on top, or None.
        augment_later: leave these to whoever has the sample; see :func:`softcord.train.patches.as_sample`.
    """

    def __init__(
        self,
        settings: SyntheticSettings,
        patch_size: Shape,
        seed: int,
        augment: "Augment | None" = None,
        *,
        augment_later: bool = False,
    ) -> None:
        if min(patch_size) < 2:
            raise ValueError(
                f"patch_size: drawn patches have at least 2 voxels along each axis, got {patch_size}"
            )
        self.settings = settings
        self.patch_size = patch_size
        self.seed = seed
        self.augment = augment
        self.augment_later = augment_later

    def __len__(self) -> int:
        """Patches of one epoch."""
        return self.settings.patches_per_epoch

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return ``image``, mean 0 and standard deviation 1, and ``softseg``, both (1, R-L, A-P, S-I)."""
        rng = np.random.default_rng([self.seed, *divmod(index, len(self))])
        image, softseg = (torch.from_numpy(part) for part in draw_patch(rng, self.patch_size, self.settings))
        return sample_of(image, softseg, self.augment, rng, later=self.augment_later)


class SyntheticValidation(Dataset[dict[str, Tensor]]):
    """A fixed set of drawn patches, kept in memory: all that chooses a model trained on drawn ones."""

    def __init__(self, settings: SyntheticSettings, patch_size: Shape) -> None:
        self.settings = settings
        self.patch_size = patch_size

    def __len__(self) -> int:
        """Patches of the set."""
        return self.settings.validation_patches

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """Return a patch as :class:`SyntheticPatches` does."""
        return self._patches[index]

    @cached_property
    def _patches(self) -> list[dict[str, Tensor]]:
        source = SyntheticPatches(self.settings, self.patch_size, _VALIDATION_SEED)
        return [source[index] for index in range(len(self))]
