"""What a study asks of whatever makes its masks: our nets, nnU-Net, a program, a folder of files."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias, runtime_checkable

from softcord.app.config.engine_facts import EngineFacts
from softcord.app.config.plan import Plan
from softcord.errors import UsageError

if TYPE_CHECKING:  # a plan needs the class of its engine, not what its training takes seconds to import
    from softcord.app.inputs.training_data import Dataset
    from softcord.app.models.trained import Trained
    from softcord.evaluation.image import EvaluationImage, Masks
    from softcord.io.nifti import Volume
    from softcord.track.store import RunRecord

OnDone: TypeAlias = Callable[[str], None]
# The soft mask of an image, in the image's own space.
Predict: TypeAlias = Callable[["EvaluationImage"], "Volume"]
# Sees the predictor of the training so far after each epoch of it; may end it by an error.
AfterEpoch: TypeAlias = Callable[[int, Predict], None]
# The mask files of images; our own are written to the given derivatives dataset.
Segment: TypeAlias = Callable[[Sequence["EvaluationImage"], Path, OnDone], "Masks"]
# Trains in a run's folder and record, from wherever an interrupted training stopped.
Training: TypeAlias = Callable[[Path, "RunRecord", AfterEpoch | None], Segment]
# Writes the masks of images, given with their contrasts; returns why it was not possible for some.
Apply: TypeAlias = Callable[[Mapping[Path, str], OnDone], dict[Path, str]]


@runtime_checkable
class Engine(EngineFacts, Protocol):
    """One class, and one yaml in conf/engine/ whose ``_target_`` it is: its keys are the class's arguments.

    A class that has this one as its base needs ``trains``, ``trains_on_images``, ``reads``, ``method_name``
    and ``prepare``; the rest has a default. ``work_folders`` is what it makes on its way, below a run's
    folder: without them a run starts anew.
    """

    work_folders: ClassVar[tuple[str, ...]] = ()

    def check(self, plan: Plan) -> None:
        """Refuse a plan that cannot work, before anything runs.

        Raises:
            UsageError: it names the key.
        """
        engine = f"engine={plan.choices['engine']}"
        if plan.model_per_contrast:
            raise UsageError("model_per_contrast", f"is for softcord's own training, not for {engine}")
        if plan.uncertainty:
            raise UsageError("uncertainty", f"is for softcord's own training, not for {engine}")
        if plan.draws_patches and self.trains:
            raise UsageError("data=synthetic", f"draws patches for softcord's own training, not for {engine}")

    def identity(self, plan: Plan, dataset: "Dataset") -> dict[str, str]:
        """Return what else determines the result, besides configuration, split, data and version."""
        return {}

    def without_masks(self, plan: Plan, images: Sequence["EvaluationImage"]) -> tuple[str, ...]:
        """Return the contrasts that the method is not for: their images are not tested, so not missing."""
        return ()

    def prepare(self, plan: Plan, dataset: "Dataset") -> Training:
        """Look at all that the run will need, so that what is bad is found now; return what trains.

        Raises:
            DataError: images that cannot be used, by name.
        """
        ...

    def load(self, plan: Plan, trained: "Trained", run_dir: Path) -> Apply:
        """Return what applies a trained method to other images and writes to the run's predictions.

        Raises:
            UsageError: the engine's models cannot be applied elsewhere.
        """
        raise UsageError(trained.method, "was made by an engine whose models softcord cannot apply")

    def how(self, plan: Plan) -> str:
        """Say in a line how the method is made."""
        return f"not trained here: {plan.choices['engine']}"


def engine_of(plan: Plan) -> Engine:
    """Return the engine of a plan.

    Raises:
        UsageError: the class that the configuration names lacks a part of the contract.
    """
    if isinstance(plan.engine, Engine):
        return plan.engine
    parts = (name for name in dir(Engine) if not name.startswith("_"))
    lacking = ", ".join(name for name in parts if not hasattr(plan.engine, name))
    raise UsageError("engine._target_", f"is no engine: it lacks {lacking}", "See softcord/app/engine.py")
