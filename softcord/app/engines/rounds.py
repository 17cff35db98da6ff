"""softcord's own training in rounds, each on more images, chosen by what the model before made of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from softcord.app.config.method_name import MethodWords
from softcord.app.config.plan import Plan
from softcord.app.engine import Engine, Training
from softcord.app.engines.softcord import Softcord
from softcord.errors import UsageError
from softcord.rounds.settings import RoundSettings
from softcord.sweep.folder import CHECKPOINTS, ROUNDS

if TYPE_CHECKING:
    from softcord.app.inputs.training_data import Dataset


@dataclass(frozen=True)
class Rounds(Softcord, RoundSettings):
    """Active learning with a simulated annotator, who hands back the training images' own labels.

    In each round some of the training images are chosen and learnt from, together with those before, always
    from the weights of ``train.start_from``; how, RoundSettings say.
    """

    work_folders: ClassVar[tuple[str, ...]] = (CHECKPOINTS, ROUNDS)

    def method_name(self, words: MethodWords) -> str:
        """Name the method after how images are chosen, too."""
        return f"{super().method_name(words)}_by_{self.choice}"

    def recorded(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """Return how often and how is chosen: another choice makes another model."""
        return Engine.recorded(self, node)

    def check(self, plan: Plan) -> None:
        """Refuse a plan without a first model, whose masks are what is chosen by."""
        if plan.train.start_from is None:
            what = "is missing: the first images are chosen by what a trained model makes of them"
            raise UsageError(
                "train.start_from", what, "synthetic-v2 is built in; train=finetune is meant for it"
            )
        if plan.model_per_contrast or plan.draws_patches:
            key = "model_per_contrast" if plan.model_per_contrast else "data=synthetic"
            raise UsageError(key, "does not go with engine=rounds, which chooses among the images of one net")
        super().check(plan)

    def prepare(self, plan: Plan, dataset: "Dataset") -> Training:
        """Prepare every image; return what trains in rounds."""
        # torch and Lightning: seconds
        from softcord.app.engines.net import prepare_test_images, train_and_segment
        from softcord.app.engines.round_nets import prepare_rounds

        train = prepare_rounds(plan, self, dataset)
        prepare_test_images(plan, dataset)
        return partial(train_and_segment, plan, train)

    def how(self, plan: Plan) -> str:
        """Say what the net learnt from, and how that was chosen."""
        return f"{super().how(plan)}, {self.rounds} times {self.images_a_round} images by {self.choice}"
