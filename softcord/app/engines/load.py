"""Which engine applies a trained method to other images: that which its models are for."""

from pathlib import Path

from softcord.app.config.plan import Plan
from softcord.app.engine import Apply, Engine
from softcord.app.engines.nnunet import NnUNet
from softcord.app.engines.softcord import Softcord
from softcord.app.models.trained import Form, Trained

# Of nnU-Net the folder of its model says which configuration it is.
_ENGINE_OF: dict[Form, Engine] = {"package": Softcord(), "nnunet": NnUNet("2d")}


def load_trained(plan: Plan, trained: Trained, run_dir: Path) -> Apply:
    """Return what applies a trained method to other images."""
    return _ENGINE_OF[trained.form].load(plan, trained, run_dir)
