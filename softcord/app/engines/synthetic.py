"""softcord's own training on drawn patches: ``data=synthetic``."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from softcord.app.config.engine_facts import DRAWN_PATCHES
from softcord.app.config.method_name import MethodWords, method_name
from softcord.app.config.plan import Plan
from softcord.app.engine import Training
from softcord.app.engines.softcord import Softcord
from softcord.errors import UsageError

if TYPE_CHECKING:
    from softcord.app.inputs.training_data import Dataset

# How many patches is how long a training is, which names do not say of images either.
_AMOUNTS = ("patches_per_epoch", "validation_patches")


@dataclass(frozen=True)
class Synthetic(Softcord):
    """Train one net on patches that are drawn while it learns; the dataset's images are for testing only."""

    trains_on_images: ClassVar[bool] = False

    def method_name(self, words: MethodWords) -> str:
        """Name the method after what is drawn, too."""
        changed = {group: words.changes(group) for group in ("loss", "augment", "synthetic")}
        changed["synthetic"] = {k: v for k, v in changed["synthetic"].items() if not k.endswith(_AMOUNTS)}
        return method_name(words.choices, DRAWN_PATCHES, changed, words.variant)

    def check(self, plan: Plan) -> None:
        """Refuse intervals of CSA: nobody validates whom they could be calibrated on."""
        if plan.uncertainty:
            hint = "softcord measure -calibrate makes one of images with references"
            raise UsageError(
                "uncertainty", "needs validation participants, and data=synthetic has none", hint
            )
        super().check(plan)

    def prepare(self, plan: Plan, dataset: "Dataset") -> Training:
        """Return what trains one net on drawn patches."""
        from softcord.app.engines.drawn_patches import prepare_drawn_patches  # torch: two seconds

        # torch and Lightning: seconds
        from softcord.app.engines.net import prepare_test_images, train_and_segment

        train = prepare_drawn_patches(plan, dataset)
        prepare_test_images(plan, dataset)
        return partial(train_and_segment, plan, train)
