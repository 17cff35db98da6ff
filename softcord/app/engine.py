"""Where a method's masks come from: our nets, nnU-Net, a tool, a folder. The one place that chooses."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from softcord.app.config.plan import Plan
from softcord.app.engines.nnunet import NNUNET, prepare_nnunet
from softcord.app.engines.per_contrast import MODELS, prepare_per_contrast
from softcord.app.engines.predictions import TOOL, predictions_identity, prepare_predictions, prepare_tool
from softcord.app.engines.softcord import prepare_net
from softcord.app.engines.start_time import start_s
from softcord.app.engines.synthetic import prepare_synthetic
from softcord.app.inputs.training_data import Dataset
from softcord.ingest.match import Predictions
from softcord.ingest.tool import Tool
from softcord.nnunet.settings import NnUNetSettings
from softcord.track.store import RunRecord

if TYPE_CHECKING:
    from softcord.evaluation.image import Masks, TestImage
    from softcord.io.nifti import Volume

# What a run makes on its way, below its folder.
WORK_FOLDERS = ("checkpoints", MODELS, NNUNET, TOOL)

OnDone: TypeAlias = Callable[[str], None]
# The soft mask of an image, in the image's own space.
Predict: TypeAlias = "Callable[[TestImage], Volume]"
# Sees the predictor of the training so far after each epoch of it; may end it by an error.
AfterEpoch: TypeAlias = "Callable[[int, Predict], None]"
NetTraining: TypeAlias = "Callable[[Path, RunRecord, AfterEpoch | None], Predict]"
# The mask files of images; our own are written to the given derivatives dataset.
Segment: TypeAlias = "Callable[[Sequence[TestImage], Path, OnDone], Masks]"
# Trains in a run's folder and record, from wherever an interrupted training stopped.
Training: TypeAlias = "Callable[[Path, RunRecord, AfterEpoch | None], Segment]"


def prepare_training(plan: Plan, dataset: Dataset) -> Training:
    """Look at every image that will train, so that a bad one is found now; return what trains on them.

    For methods that are not trained here it looks for their program or files.

    Raises:
        DataError: images that cannot be used, by name.
    """
    if isinstance(plan.engine, NnUNetSettings):
        return prepare_nnunet(plan, plan.engine, dataset)
    if isinstance(plan.engine, Tool):
        return prepare_tool(plan.engine)
    if isinstance(plan.engine, Predictions):
        return prepare_predictions(plan, plan.engine)
    if plan.is_synthetic:
        return partial(_train_net, plan, prepare_synthetic(plan, dataset))
    prepare = prepare_per_contrast if plan.model_per_contrast else prepare_net
    return partial(_train_net, plan, prepare(plan, dataset))


def engine_identity(plan: Plan, dataset: Dataset) -> dict[str, str]:
    """Return what else determines the result, besides configuration, split, data and version."""
    if isinstance(plan.engine, Predictions):
        return {"predictions": predictions_identity(plan, plan.engine, dataset)}
    return {}


def _train_net(
    plan: Plan, train: NetTraining, run_dir: Path, entry: RunRecord, after_epoch: "AfterEpoch | None"
) -> Segment:
    predict = train(run_dir, entry, after_epoch)
    return partial(_predict_with_net, plan, predict, run_dir)


def _predict_with_net(
    plan: Plan,
    predict: Predict,
    run_dir: Path,
    images: "Sequence[TestImage]",
    predictions: Path,
    on_done: OnDone,
) -> "Masks":
    from softcord.evaluation.run import predict_images

    start = start_s(run_dir) if plan.machine.time_inference else None
    return predict_images(predict, images, predictions, run=run_dir.name, start_s=start, on_done=on_done)
