"""Where a method's predictor comes from: one net or one per contrast, trained on images or on drawn patches.

The one place that chooses.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from softcord.app.dataset import Dataset
from softcord.app.net import prepare_net
from softcord.app.per_contrast import prepare_per_contrast
from softcord.app.plan import Plan
from softcord.app.synthetic import prepare_synthetic
from softcord.track.store import RunRecord

if TYPE_CHECKING:
    from softcord.evaluate.run import TestImage
    from softcord.nifti import Volume

# The soft mask of an image, in the image's own space.
Predict: TypeAlias = "Callable[[TestImage], Volume]"
# Trains in a run's folder and record, from wherever an interrupted training stopped.
Training: TypeAlias = "Callable[[Path, RunRecord, AfterEpoch | None], Predict]"
# Sees the predictor of the training so far after each epoch of it; may end it by an error.
AfterEpoch: TypeAlias = "Callable[[int, Predict], None]"


def prepare_training(plan: Plan, dataset: Dataset) -> Training:
    """Look at every image that will train, so that a bad one is found now; return what trains on them.

    Raises:
        DataError: images that cannot be used, by name.
    """
    if plan.is_synthetic:
        return prepare_synthetic(plan, dataset)
    if plan.model_per_contrast:
        return prepare_per_contrast(plan, dataset)
    return prepare_net(plan, dataset)
