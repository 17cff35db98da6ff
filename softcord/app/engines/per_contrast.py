"""softcord's own training, a net for each contrast: ``model_per_contrast=true``."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from softcord.app.config.plan import Plan
from softcord.app.engine import Training
from softcord.app.engines.softcord import Softcord
from softcord.sweep.folder import CHECKPOINTS, MODELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from softcord.app.inputs.training_data import Dataset
    from softcord.evaluation.image import EvaluationImage


@dataclass(frozen=True)
class PerContrast(Softcord):
    """Train a net on the images of each contrast; each predicts the images of its own."""

    work_folders: ClassVar[tuple[str, ...]] = (CHECKPOINTS, MODELS)

    def without_masks(self, plan: Plan, images: "Sequence[EvaluationImage]") -> tuple[str, ...]:
        """Return the contrasts that no net was trained on."""
        return tuple(sorted({image.contrast for image in images} - set(plan.contrasts)))

    def prepare(self, plan: Plan, dataset: "Dataset") -> Training:
        """Prepare every image; return what trains a net on those of each contrast."""
        from softcord.app.engines.contrast_nets import prepare_contrast_nets  # torch: two seconds
        from softcord.app.engines.net import prepare_test_images, train_and_segment

        train = prepare_contrast_nets(plan, dataset)
        prepare_test_images(plan, dataset)
        return partial(train_and_segment, plan, train)
