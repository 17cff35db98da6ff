"""softcord's own training: one net on the images of all contrasts."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from softcord.app.config.engine_facts import OF_TRAINING
from softcord.app.config.instantiate import TARGET
from softcord.app.config.method_name import MethodWords, method_name
from softcord.app.config.plan import Plan
from softcord.app.engine import Apply, Engine, Training
from softcord.sweep.folder import CHECKPOINTS

if TYPE_CHECKING:
    from softcord.app.inputs.training_data import Dataset
    from softcord.app.models.trained import Trained


@dataclass(frozen=True)
class Softcord(Engine):
    """Train one net, predict with it, and leave its package in the run's folder."""

    trains: ClassVar[bool] = True
    trains_on_images: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = OF_TRAINING
    work_folders: ClassVar[tuple[str, ...]] = (CHECKPOINTS,)

    def method_name(self, words: MethodWords) -> str:
        """Name the method after its ground truth, contrasts, loss and augmentation."""
        changed = {group: words.changes(group) for group in ("loss", "augment")}
        return method_name(words.choices, words.contrasts, changed, words.variant)

    def recorded(self, _node: Mapping[str, Any]) -> dict[str, Any]:
        """Return nothing: that the training is softcord's own was recorded as no engine at all."""
        return {TARGET: None}

    def check(self, plan: Plan) -> None:
        """Refuse a loss, an augmentation, a net, its first weights or patches that cannot work."""
        from softcord.app.engines.check_net import check_net  # torch: two seconds

        check_net(plan)

    def prepare(self, plan: Plan, dataset: "Dataset") -> Training:
        """Prepare every image; return what trains one net on them."""
        # torch and Lightning: seconds
        from softcord.app.engines.net import prepare_net, prepare_test_images, train_and_segment

        train = prepare_net(plan, dataset)
        prepare_test_images(plan, dataset)
        return partial(train_and_segment, plan, train)

    def load(self, plan: Plan, trained: "Trained", run_dir: Path) -> Apply:
        """Return what applies the packages of a trained method."""
        from softcord.app.engines.packages import apply_packages  # torch: two seconds

        return partial(apply_packages, plan, trained, run_dir)

    def how(self, plan: Plan) -> str:
        """Say what the net learnt from, and how."""
        learnt = f"learnt from {plan.gt.name} masks of {', '.join(plan.contrasts)}"
        loss, augment = plan.choices["loss"], plan.choices["augment"]
        return f"{learnt}, loss {loss}, augmentation {augment}, {plan.train.epochs} epochs"
