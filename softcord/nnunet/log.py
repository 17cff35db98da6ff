"""Read what nnU-Net prints while it trains."""

import re
from collections.abc import Callable, Mapping

OnEpoch = Callable[[int, Mapping[str, float]], None]

_NUMBER = r"(-?\d+(?:\.\d+)?(?:e-?\d+)?)"
_METRICS = {
    "train/loss": re.compile(rf"train_loss {_NUMBER}"),
    "val/loss": re.compile(rf"val_loss {_NUMBER}"),
    # Printed as [0.91], [np.float32(0.91)] or [nan]; softcord has one class.
    "val/pseudo_dice": re.compile(rf"Pseudo dice \[(?:np\.\w+\()?{_NUMBER}"),
    "train/epoch_seconds": re.compile(rf"Epoch time: {_NUMBER}"),
}
_EPOCH = re.compile(r"Epoch (\d+)\s*$")


class EpochReader:
    """Gather the numbers of an epoch from nnU-Net's lines; hand them on when its last line is read."""

    def __init__(self, on_epoch: OnEpoch) -> None:
        self.on_epoch = on_epoch
        self.epoch: int | None = None
        self.metrics: dict[str, float] = {}

    def __call__(self, line: str) -> None:
        """Take one line."""
        begun = _EPOCH.search(line)
        if begun:
            self.epoch, self.metrics = int(begun[1]), {}
            return
        for name, expression in _METRICS.items():
            if found := expression.search(line):
                self.metrics[name] = float(found[1])
        if self.epoch is not None and "train/epoch_seconds" in self.metrics:
            self.on_epoch(self.epoch, self.metrics)
            self.epoch = None
