"""Checkpoints that are whole or absent, whatever kills the process."""

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from softcord.errors import DataError
from softcord.io.files import replacing


class AtomicCheckpointIO(TorchCheckpointIO):
    """Write beside the target, then rename.

    Lightning's own way goes through ``$TMPDIR``: a kill while the file moves between file systems leaves a
    truncated checkpoint.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Save so that ``path`` never holds half a checkpoint."""
        with replacing(path, durable=True) as temporary, temporary.open("wb") as stream:
            torch.save(checkpoint, stream)


def load_weights(path: Path) -> dict[str, torch.Tensor]:
    """Return the net's weights from a checkpoint; nothing in the file is executed.

    Raises:
        DataError: the file is missing, damaged or not one of ours.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    except Exception as error:
        raise DataError(path, f"not a readable checkpoint ({type(error).__name__})", "Train again") from error
    return {name.removeprefix("net."): value for name, value in state.items() if name.startswith("net.")}
