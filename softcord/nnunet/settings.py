"""How nnU-Net is trained."""

from dataclasses import dataclass
from typing import Literal

from softcord.train.settings import NnUNetLength


@dataclass(frozen=True)
class NnUNetSettings:
    """What determines the result besides the data.

    ``configuration`` is nnU-Net's name for the net: ``2d``, ``3d_fullres``, ``3d_lowres``. A checkpoint to go
    on from is written every ``save_every_epochs``. With ``split_by="participant"`` it validates on the
    participants that it is given for that; with ``"image"`` nnU-Net parts all images anew and takes the first
    of its five folds, with images of a participant on both sides.
    """

    configuration: Literal["2d", "3d_fullres", "3d_lowres"]
    length: NnUNetLength
    save_every_epochs: int = 10
    split_by: Literal["participant", "image"] = "participant"

    def __post_init__(self) -> None:
        """Refuse a training that never saves."""
        if self.save_every_epochs < 1:
            raise ValueError(f"save_every_epochs: must be at least 1, got {self.save_every_epochs}")
