"""Checkpoints that are whole or absent, whatever kills the process."""

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from softcord.errors import DataError, RunError
from softcord.io.files import replacing


class AtomicCheckpointIO(TorchCheckpointIO):
    """Write beside the target, then rename.

    Lightning's own way goes through ``$TMPDIR``: a kill while the file moves between file systems leaves a
    truncated checkpoint.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Save so that ``path`` never holds half a checkpoint.

        Raises:
            RunError: it cannot be written, as where the disk is full.
        """
        target = Path(path)
        try:
            with replacing(target, durable=True) as temporary, temporary.open("wb") as stream:
                torch.save(checkpoint, stream)
        except (OSError, RuntimeError) as error:
            # torch speaks of its own archive where the disk is full, and leaves the cause aside.
            is_full = any(word in str(error) for word in ("inline_container", "PytorchStreamWriter"))
            if not is_full and not isinstance(error, OSError):
                raise
            reason = (
                "most likely its disk is full" if is_full else getattr(error, "strerror", "") or str(error)
            )
            hint = "Make room, then repeat the command: it goes on from the checkpoint before"
            raise RunError(target, f"cannot be written ({reason})", hint) from error


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
