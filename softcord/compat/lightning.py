"""Of Lightning: how many epochs are behind a training when it asks for the data of the next."""

import lightning


def epochs_behind(trainer: lightning.Trainer) -> int:
    """Return how many epochs were trained; ``current_epoch`` is one less after a checkpoint was read."""
    return int(trainer.fit_loop.epoch_progress.current.processed)  # type: ignore[attr-defined]
