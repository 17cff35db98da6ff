"""Feed patches to Lightning so that an interrupted training goes on exactly where it stopped."""

from collections.abc import Iterator
from typing import Any

import lightning
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from softcord.compat.lightning import epochs_behind
from softcord.train.on_device import augmented, collate

Batch = dict[str, torch.Tensor]


class EpochSampler(Sampler[int]):
    """Yield ``epoch * n + i`` for every sample ``i`` of ``n``, in an order drawn from (seed, epoch).

    The number carries the epoch to the dataset, which draws the sample's crop and augmentation from (seed,
    epoch, i): what a sample looks like depends neither on workers nor on whether training was resumed.

    Of several ranks, ``share`` = (rank, ranks), each yields its even part of every batch.
    """

    def __init__(
        self, n: int, seed: int, epoch: int, batch_size: int = 1, share: tuple[int, int] = (0, 1)
    ) -> None:
        order = np.random.default_rng([seed, epoch]).permutation(n)
        batches = (order[start : start + batch_size] for start in range(0, n, batch_size))
        rank, ranks = share
        mine = [np.split(batch, ranks)[rank] for batch in batches]
        self.numbers: list[int] = (epoch * n + np.concatenate(mine)).tolist()

    def __iter__(self) -> Iterator[int]:
        """Yield the numbers of this epoch."""
        return iter(self.numbers)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.numbers)


class CordData(lightning.LightningDataModule):
    """Training patches, shuffled anew each epoch, and validation patches, the same each time.

    What their datasets left for later (:func:`softcord.train.patches.sample_of`) is done on the device.
    """

    def __init__(
        self, train: Dataset[Batch], val: Dataset[Batch], *, batch_size: int, workers: int, seed: int
    ) -> None:
        super().__init__()
        self.train, self.val = train, val
        self.batch_size, self.workers, self.seed = batch_size, workers, seed

    def train_dataloader(self) -> DataLoader[Batch]:
        """Return the loader of the coming epoch; the trainer asks again before each."""
        assert self.trainer is not None
        epoch = epochs_behind(self.trainer)
        rank, ranks = self.trainer.global_rank, self.trainer.world_size
        sampler = EpochSampler(len(self.train), self.seed, epoch, self.batch_size, (rank, ranks))  # type: ignore[arg-type]
        return self._loader(self.train, sampler=sampler, batch_size=self.batch_size // ranks)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Return the loader of the validation patches; ranks take whole batches in turn."""
        assert self.trainer is not None
        numbers = range(len(self.val))  # type: ignore[arg-type]
        batches = [numbers[start : start + self.batch_size] for start in numbers[:: self.batch_size]]
        return self._loader(
            self.val, batch_sampler=batches[self.trainer.global_rank :: self.trainer.world_size]
        )

    def on_after_batch_transfer(self, batch: dict[str, Any], dataloader_idx: int) -> Batch:
        """Return the batch, augmented where that was left for later."""
        return augmented(batch)

    def _loader(self, dataset: Dataset[Batch], **batches: Any) -> DataLoader[Batch]:
        return DataLoader(
            dataset,
            num_workers=self.workers,
            persistent_workers=False,
            pin_memory=torch.cuda.is_available(),
            collate_fn=collate,
            **batches,
        )
