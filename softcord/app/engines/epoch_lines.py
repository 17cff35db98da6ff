"""How far the training of a net is, in lines: the metrics of each epoch, and within long ones the step."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from softcord.app.console.progress import told_in_time

logger = logging.getLogger("softcord")


class EpochLines:
    """Tell how far a training of ``epochs`` is; nothing is silent for long inside :meth:`told`."""

    def __init__(self, epochs: int) -> None:
        self.epochs, self.started = epochs, time.monotonic()
        self._at = "before the first step"
        self._was_said: Callable[[], None] = lambda: None

    @contextmanager
    def told(self) -> Iterator[None]:
        """Say where the training is, whenever it said nothing for some seconds."""
        with told_in_time(lambda: f"{self._at}; {self._seconds():.0f} s so far") as self._was_said:
            yield

    def on_step(self, epoch: int, what: str, done: int, of: int) -> None:
        """Note a step of an epoch (from 0); ``what`` is training or validation."""
        self._at = f"epoch {epoch + 1} of {self.epochs}: {what}, step {done} of {of}"

    def on_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Say the metrics of an epoch (from 0)."""
        told = ", ".join(f"{name} {value:.3g}" for name, value in sorted(metrics.items()))
        logger.info("epoch %d of %d: %s; %.0f s so far", epoch + 1, self.epochs, told, self._seconds())
        self._was_said()

    def _seconds(self) -> float:
        return time.monotonic() - self.started
