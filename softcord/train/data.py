"""Feed patches to Lightning so that an interrupted training goes on exactly where it stopped."""

from collections.abc import Iterator

import lightning
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

Batch = dict[str, torch.Tensor]


class EpochSampler(Sampler[int]):
    """Yield ``epoch * n + i`` for every sample ``i`` of ``n``, in an order drawn from (seed, epoch).

    The number carries the epoch to the dataset, which draws the sample's crop and augmentation from (seed,
    epoch, i): what a sample looks like depends neither on workers nor on whether training was resumed.
    """

    def __init__(self, n: int, seed: int, epoch: int) -> None:
        self.n, self.seed, self.epoch = n, seed, epoch

    def __iter__(self) -> Iterator[int]:
        """Yield the numbers of this epoch."""
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.n)
        return iter((self.epoch * self.n + order).tolist())

    def __len__(self) -> int:
        """Return the number of samples of an epoch."""
        return self.n


class CordData(lightning.LightningDataModule):
    """Training patches, shuffled anew each epoch, and validation patches, the same each time."""

    def __init__(
        self, train: Dataset[Batch], val: Dataset[Batch], *, batch_size: int, workers: int, seed: int
    ) -> None:
        super().__init__()
        self.train, self.val = train, val
        self.batch_size, self.workers, self.seed = batch_size, workers, seed

    def train_dataloader(self) -> DataLoader[Batch]:
        """Return the loader of the coming epoch; the trainer asks again before each."""
        assert self.trainer is not None
        epoch = self.trainer.fit_loop.epoch_progress.current.processed  # type: ignore[attr-defined]
        sampler = EpochSampler(len(self.train), self.seed, epoch)  # type: ignore[arg-type]
        return self._loader(self.train, sampler)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Return the loader of the validation patches."""
        return self._loader(self.val, range(len(self.val)))  # type: ignore[arg-type]

    def _loader(self, dataset: Dataset[Batch], sampler: Sampler[int] | range) -> DataLoader[Batch]:
        return DataLoader(
            dataset,
            batch_size=self.batch_size,
            sampler=sampler,
            num_workers=self.workers,
            persistent_workers=False,
            pin_memory=torch.cuda.is_available(),
        )
