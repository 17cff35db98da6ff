"""Turn a composed configuration into checked, typed settings: all that a verb needs to know."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from softcord.app.config.baseline import modifications
from softcord.app.config.compose import Composed, changes
from softcord.app.config.datasets import SEVERAL, data_content, kind_of, sources
from softcord.app.config.instantiate import TARGET, build, suggest
from softcord.app.config.method_name import contrasts_word, foreign_name, method_name
from softcord.contrasts import contrast_set
from softcord.errors import UsageError
from softcord.ingest.match import Predictions
from softcord.ingest.tool import Tool
from softcord.nnunet.settings import NnUNetSettings
from softcord.sweep.search import TrialSettings
from softcord.train.settings import MachineSettings, TrainerSettings, TrainSettings

if TYPE_CHECKING:
    from torch import nn

    from softcord.augment.chain import Augment
    from softcord.data.cache import CacheSettings
    from softcord.data.labels import Gt
    from softcord.data.settings import DataSettings, Source, SplitSettings
    from softcord.gt.settings import GtSettings
    from softcord.phantom.settings import PhantomSettings
    from softcord.synthetic.settings import SyntheticSettings

# What makes the masks; None is softcord's own training.
Engine: TypeAlias = NnUNetSettings | Tool | Predictions | None
# Where results lie and what they ran on does not change them; nor do the names given to them.
VOLATILE = (
    "paths",
    "machine",
    "trainer",
    "study",
    "evaluate",
    "rerun",
    "experiment",
    "baseline",
    "recipe",
    "compare",
    "check",
    "search",
)
_AMOUNTS = ("patches_per_epoch", "validation_patches")
# What a method that is not softcord's own training does not read.
_OF_OUR_TRAINING = ("loss", "model", "model_per_contrast", "augment", "train", "volumes")
_OF_ANY_TRAINING = (*_OF_OUR_TRAINING, "gt", "contrasts", "seed")
_ROOT_KEYS = (
    *("data", "phantom", "split", "gt", "loss", "model", "augment", "train", "machine", "trainer"),
    *("recipe", "baseline"),
    *("synthetic", "engine"),
    *("study", "variant", "contrasts", "model_per_contrast", "seed", "levels", "reference", "volumes"),
    "rerun",
    *("measured_on", "compare", "check", "evaluate", "search", "paths", "experiment"),
)


@dataclass(frozen=True)
class Plan:
    """One run, as its configuration describes it."""

    config: Mapping[str, Any]
    choices: Mapping[str, str]
    overrides: tuple[str, ...]
    study: str
    seed: int
    contrasts: tuple[str, ...]
    model_per_contrast: bool
    levels: tuple[int, ...]
    reference: "Gt"
    measured_on: Literal["test", "val"]
    search: TrialSettings
    rerun: bool
    method: str
    modified: tuple[str, ...]
    datasets: "tuple[Source, ...]"
    engine: Engine
    gt: "GtSettings"
    train: TrainSettings
    volumes: "CacheSettings"
    machine: MachineSettings
    trainer: TrainerSettings

    @property
    def data(self) -> "DataSettings":
        """The dataset, where it is one."""
        return self._only_dataset.data

    @property
    def split(self) -> "SplitSettings":
        """How the dataset's participants are divided, where it is one."""
        return self._only_dataset.split

    @property
    def data_name(self) -> str:
        """What the data are called, one dataset or several."""
        return str(self.config["data"]["name"])

    @property
    def split_name(self) -> str:
        """The names of the splits of all datasets, each once."""
        return "+".join(dict.fromkeys(source.split.name for source in self.datasets))

    @property
    def _only_dataset(self) -> "Source":
        if len(self.datasets) > 1:
            raise UsageError("data=several", "is more than this verb can take", "Choose one dataset")
        return self.datasets[0]

    def for_each_dataset(self) -> "list[Plan]":
        """Return this plan for each of its datasets alone."""
        if self.choices["data"] != SEVERAL:
            return [self]
        return [
            replace(
                self,
                datasets=(source,),
                contrasts=source.contrasts or self.contrasts,
                choices={**self.choices, "data": kind_of(self.choices, source.data.name)},
            )
            for source in self.datasets
        ]

    @property
    def learns(self) -> bool:
        """Whether the method is trained in this run, by softcord or by nnU-Net."""
        return self.engine is None or isinstance(self.engine, NnUNetSettings)

    @property
    def labels(self) -> dict[str, str]:
        """What measures.csv says about how the method was made."""
        from softcord.measure.table import MISSING

        of_training = {
            "gt": self.gt.name,
            "contrasts_trained": " ".join(self.contrasts),
            "loss": self.choices["loss"] if self.engine is None else self.choices["engine"],
            "seed": str(self.seed),
        }
        how = of_training if self.learns else dict.fromkeys(of_training, MISSING)
        return {"method": self.method, **how}

    @property
    def patch_voxels(self) -> tuple[int, int, int]:
        """Size of a training patch and of a window at prediction, in voxels."""
        return self._in_voxels(self.train.patch_size_mm)

    @property
    def narrow_voxels(self) -> tuple[int, int, int] | None:
        """Size of the patches that some batches are cut to, in voxels; None if none are."""
        size_mm = self.train.narrow_patch_mm
        return None if size_mm is None else self._in_voxels(size_mm)

    def _in_voxels(self, size_mm: tuple[int, int, int]) -> tuple[int, int, int]:
        x, y, z = (round(side / self.volumes.spacing_mm) for side in size_mm)
        return x, y, z

    @property
    def study_dir(self) -> Path:
        """Folder of the study's results."""
        return Path(self.config["paths"]["outputs"]) / self.study

    @property
    def data_dir(self) -> Path:
        """Folder of phantoms and cached volumes."""
        return Path(self.config["paths"]["data"])

    @property
    def store_dir(self) -> Path:
        """Folder of the MLflow store."""
        return Path(self.config["paths"]["store"])

    @property
    def config_hash(self) -> str:
        """Hash of all that the configuration says about the result."""
        kept = {key: value for key, value in self.config.items() if key not in VOLATILE}
        # Which data these are is the dataset's identity, wherever they lie.
        kept["data"] = data_content(kept["data"])
        if all(one.choices["data"] != "phantom" for one in self.for_each_dataset()):
            del kept["phantom"]
        if not self.is_synthetic:
            del kept["synthetic"]
        # What is read of nnunet stands in the engine.
        unread_of_train = ("start_from", "nnunet")
        kept["train"] = {key: value for key, value in kept["train"].items() if key not in unread_of_train}
        if self.train.start_from is not None:
            from softcord.app.models.start_from import starting_weights_sha256

            # Which weights they are, wherever they lie.
            kept["train"]["start_from"] = starting_weights_sha256(self)
        # Nor does it matter where predictions lie: their content is part of the fingerprint.
        kept["engine"] = {key: value for key, value in kept["engine"].items() if key != "path"}
        if self.engine is None:
            return digest(kept)
        unread = _OF_OUR_TRAINING if self.learns else _OF_ANY_TRAINING
        return digest({key: value for key, value in kept.items() if key not in unread})

    @property
    def is_synthetic(self) -> bool:
        """Whether the net is trained on drawn patches; the dataset is then for testing only."""
        return self.choices["data"] == "synthetic"

    @property
    def needs_phantom(self) -> bool:
        """Whether the dataset is the phantom, which is made on first use."""
        root = Path(self.config["paths"]["data"]) / f"phantom-{self.config['phantom']['name']}"
        return self.choices["data"] == "phantom" or (self.is_synthetic and self.data.root == root)

    def synthetic(self) -> "SyntheticSettings":
        """Build the settings of drawn patches; ``gt`` says whether their masks are soft."""
        settings: SyntheticSettings = build(
            self.config["synthetic"], "synthetic", soft_targets=self.gt.name == "soft"
        )
        return settings

    def phantom(self) -> "PhantomSettings":
        """Build the phantom's settings."""
        settings: PhantomSettings = build(self.config["phantom"], "phantom")
        return settings

    def net(self) -> "nn.Module":
        """Build the net, with weights drawn from torch's random state."""
        net: nn.Module = build(self.config["model"], "model")
        return net

    def loss(self) -> "nn.Module":
        """Build the loss."""
        loss: nn.Module = build(self.config["loss"], "loss")
        return loss

    def augment(self) -> "Augment":
        """Build the augmentation."""
        augment: Augment = build(self.config["augment"], "augment")
        return augment


def make_plan(composed: Composed) -> Plan:
    """Check a configuration, before anything slow starts, and return it typed.

    What only training needs is for :func:`check_training`, which has to import torch.

    Raises:
        UsageError: a value that cannot work; it names the key.
    """
    config = composed.config
    for key in config:
        if key not in _ROOT_KEYS:
            raise UsageError(key, "is not a known key", suggest(key, list(_ROOT_KEYS)))
    for key in _ROOT_KEYS:
        if key not in config and key != "experiment":
            raise UsageError(key, "is missing", "Leave it in the configuration")
    for key, value in config["paths"].items() if isinstance(config["paths"], dict) else [("", None)]:
        if not isinstance(value, str) or not value:
            raise UsageError(f"paths.{key}".rstrip("."), f"must be a folder, got {value!r}")
    contrasts = contrast_set(config["contrasts"])
    per_contrast = truth(config["model_per_contrast"], "model_per_contrast")
    engine = _engine(composed)
    return Plan(
        config=config,
        choices=composed.choices,
        overrides=composed.overrides,
        study=study_name(config["study"]),
        seed=_whole(config["seed"], "seed"),
        contrasts=contrasts,
        model_per_contrast=per_contrast,
        levels=_levels(config["levels"]),
        reference=_one_of(config["reference"], "reference", ("soft", "hard")),
        measured_on=_one_of(config["measured_on"], "measured_on", ("test", "val")),
        search=build(config["search"], "search"),
        rerun=truth(config["rerun"], "rerun"),
        method=_method(composed, engine, contrasts_word(contrasts, per_contrast=per_contrast)),
        modified=modifications(composed),
        datasets=sources(composed),
        engine=engine,
        gt=build(config["gt"], "gt"),
        train=build(config["train"], "train"),
        volumes=build(config["volumes"], "volumes"),
        machine=build(config["machine"], "machine"),
        trainer=build(config["trainer"], "trainer"),
    )


def _engine(composed: Composed) -> Engine:
    node = composed.config["engine"]
    if not node.get(TARGET):
        return None
    if node.get("length", "none needed") is None:
        what = f"says nothing of how long nnU-Net trains, which {composed.choices['engine']} needs"
        raise UsageError(f"train={composed.choices['train']}", what, "Use train=demo, laptop or paper")
    engine: Engine = build(node, "engine")
    return engine


def _method(composed: Composed, engine: Engine, contrasts: str) -> str:
    choices, variant = composed.choices, _variant(composed.config["variant"])
    if isinstance(engine, NnUNetSettings):
        return foreign_name(choices["engine"], variant, gt=choices["gt"], contrasts=contrasts)
    if engine is not None:
        return foreign_name(engine.name if isinstance(engine, Predictions) else choices["engine"], variant)
    is_synthetic = composed.choices["data"] == "synthetic"
    named = ("loss", "augment", "synthetic") if is_synthetic else ("loss", "augment")
    changed = {group: changes(composed, group) for group in named}
    if is_synthetic:
        # How many patches is how long a training is, which names do not say of images either.
        changed["synthetic"] = {k: v for k, v in changed["synthetic"].items() if not k.endswith(_AMOUNTS)}
    return method_name(choices, "synthetic" if is_synthetic else contrasts, changed, variant)


def check_training(plan: Plan) -> None:
    """Check what only training needs: loss, augmentation, net, its first weights, and patches that fit it.

    Raises:
        DataError: the model to start from cannot be read.
        UsageError: a value that cannot work; it names the key.
    """
    from softcord.app.models.start_from import starting_model

    if plan.engine is not None:
        _check_foreign(plan)
        return
    starting_model(plan)
    for group in ("loss", "augment"):
        _build_empty(group, json.dumps(plan.config[group], sort_keys=True))
    if plan.is_synthetic:
        _check_synthetic(plan)
    net = _build_empty("model", json.dumps(plan.config["model"], sort_keys=True))
    _check_patch("train.patch_size_mm", plan.patch_voxels, net.required_multiple)
    if plan.narrow_voxels:
        _check_patch("train.narrow_patch_mm", plan.narrow_voxels, net.required_multiple)


def jobs_of(plan: Plan) -> int:
    """Return how many processes the machine settings allow."""
    return plan.machine.jobs or os.cpu_count() or 1


def digest(content: object) -> str:
    """SHA-256 of a JSON-like value, independent of the order of keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


@cache
def _build_empty(group: str, node: str) -> Any:
    import torch

    # On the meta device a net of any size is built in no time and no memory.
    with torch.device("meta"):
        return build(json.loads(node), group)


def _check_foreign(plan: Plan) -> None:
    engine = f"engine={plan.choices['engine']}"
    if plan.model_per_contrast:
        raise UsageError("model_per_contrast", f"is for softcord's own training, not for {engine}")
    if plan.is_synthetic and plan.learns:
        raise UsageError("data=synthetic", f"draws patches for softcord's own training, not for {engine}")


def _check_synthetic(plan: Plan) -> None:
    plan.synthetic()
    if plan.volumes.spacing_mm != 1:
        raise UsageError("volumes.spacing_mm", "must be 1.0 with data=synthetic: patches are drawn in 1 mm")
    if plan.config["augment"].get("mixture"):
        raise UsageError("augment.mixture", "needs label maps, and data=synthetic draws images")
    if plan.model_per_contrast:
        raise UsageError("model_per_contrast", "has no meaning with data=synthetic: a patch has no contrast")


def _check_patch(key: str, voxels: tuple[int, int, int], multiple: tuple[int, int, int]) -> None:
    if any(side % step for side, step in zip(voxels, multiple, strict=True)):
        hint = f"Its sides in voxels must be multiples of {multiple} for this model"
        raise UsageError(key, f"gives patches of {voxels} voxels", hint)


def study_name(value: Any) -> str:
    """Return the name of a study, which is a folder's too.

    Raises:
        UsageError: it cannot name a folder.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", str(value)):
        raise UsageError(
            "study", f"{value!r} cannot name a folder", "Use letters, digits, dot, dash, underscore"
        )
    return str(value)


def _variant(value: Any) -> str:
    if value is not None and not re.fullmatch(r"[A-Za-z0-9.-]+", str(value)):
        raise UsageError("variant", f"{value!r} cannot be part of a name", "Use letters, digits, dot, dash")
    return "" if value is None else str(value)


def _whole(value: Any, key: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise UsageError(key, f"must be a whole number of at least 0, got {value!r}", "For example 1")
    return value


def truth(value: Any, key: str) -> bool:
    """Return a value that is true or false.

    Raises:
        UsageError: it is something else, such as the word yes.
    """
    if not isinstance(value, bool):
        raise UsageError(key, f"must be true or false, got {value!r}")
    return value


def _one_of(value: Any, key: str, options: tuple[str, ...]) -> Any:
    if value not in options:
        raise UsageError(key, f"must be one of {', '.join(options)}, got {value!r}")
    return value


def _levels(value: Any) -> tuple[int, ...]:
    from softcord.measure.levels import parse_levels

    return tuple(parse_levels(str(value)))
