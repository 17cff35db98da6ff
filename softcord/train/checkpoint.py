"""Checkpoints that are whole or absent, whatever kills the process."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from softcord.errors import DataError


class AtomicCheckpointIO(TorchCheckpointIO):
    """Write beside the target, then rename.

    Lightning's own way goes through ``$TMPDIR``: a kill while the file moves between file systems leaves a
    truncated checkpoint.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Save so that ``path`` never holds half a checkpoint."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=target.parent, prefix=".", suffix=".ckpt", delete=False) as stream:
            try:
                torch.save(checkpoint, stream)
                stream.flush()
                os.fsync(stream.fileno())
            except BaseException:
                Path(stream.name).unlink()
                raise
        Path(stream.name).replace(target)


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
