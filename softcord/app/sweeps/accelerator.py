"""Whether the machine has what its settings ask for, before the data are prepared."""

from collections.abc import Sequence

from softcord.app.config.plan import Plan
from softcord.errors import UsageError


def check_accelerator(plan: Plan, launcher: Sequence[str] = ()) -> None:
    """Refuse a GPU that is not here, unless the ``launcher`` (hydra/launcher=...) runs jobs elsewhere.

    Raises:
        UsageError: there is none.
    """
    asked = (("accelerator", "gpu"), ("precision", "float16"))
    wants = [(key, value) for key, value in asked if getattr(plan.machine, key) == value]
    if not wants or any("slurm" in override for override in launcher):
        return
    import torch  # seconds

    if not (torch.cuda.is_available() or torch.backends.mps.is_available()):
        hint = "Leave it out to compute on the processor; nvidia-smi shows what the driver sees"
        key, value = wants[0]
        raise UsageError(f"machine.{key}", f"is {value}, but torch finds no GPU here", hint)
