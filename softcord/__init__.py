"""Soft, contrast-agnostic spinal cord segmentation studies: train, measure and compare.

The names of ``__all__`` are for notebooks and scripts (docs/python.md). Each is loaded when it is first used,
so that ``import softcord`` waits for nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from softcord.processes.waits import wait_shortly

__version__ = "0.1.0"

if TYPE_CHECKING:
    from softcord.api.compare import Comparison, compare
    from softcord.api.csa import csa
    from softcord.api.ground_truth import soft_ground_truth
    from softcord.api.model import CordModel, load_model
    from softcord.api.overlap import distance, overlap
    from softcord.api.phantom import PhantomParticipant, phantom_participant
    from softcord.augment.chain import Augment
    from softcord.errors import SoftcordError
    from softcord.io.nifti import Volume, read_volume, write_like, write_volume
    from softcord.losses.awing import AdaptiveWingLoss
    from softcord.losses.dice import DiceLoss
    from softcord.losses.dice_ce import DiceCELoss
    from softcord.nets.unet import UNet

# The module of each name.
_MODULES = {
    "AdaptiveWingLoss": "softcord.losses.awing",
    "Augment": "softcord.augment.chain",
    "Comparison": "softcord.api.compare",
    "CordModel": "softcord.api.model",
    "DiceCELoss": "softcord.losses.dice_ce",
    "DiceLoss": "softcord.losses.dice",
    "PhantomParticipant": "softcord.api.phantom",
    "SoftcordError": "softcord.errors",
    "UNet": "softcord.nets.unet",
    "Volume": "softcord.io.nifti",
    "compare": "softcord.api.compare",
    "csa": "softcord.api.csa",
    "distance": "softcord.api.overlap",
    "load_model": "softcord.api.model",
    "overlap": "softcord.api.overlap",
    "phantom_participant": "softcord.api.phantom",
    "read_volume": "softcord.io.nifti",
    "soft_ground_truth": "softcord.api.ground_truth",
    "write_like": "softcord.io.nifti",
    "write_volume": "softcord.io.nifti",
}
__all__ = [
    "AdaptiveWingLoss",
    "Augment",
    "Comparison",
    "CordModel",
    "DiceCELoss",
    "DiceLoss",
    "PhantomParticipant",
    "SoftcordError",
    "UNet",
    "Volume",
    "__version__",
    "compare",
    "csa",
    "distance",
    "load_model",
    "overlap",
    "phantom_participant",
    "read_volume",
    "soft_ground_truth",
    "write_like",
    "write_volume",
]

# Here, since it has to come before torch and holds for every verb, worker and notebook.
wait_shortly()


def __getattr__(name: str) -> object:
    """Load a public name, and keep it (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module 'softcord' has no attribute {name!r}")
    value: object = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List what completion in a notebook offers."""
    return sorted(__all__)
