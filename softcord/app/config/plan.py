"""Turn a composed configuration into checked, typed settings: all that a verb needs to know."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from softcord.app.config.baseline import modifications
from softcord.app.config.compose import Composed, changes
from softcord.app.config.datasets import SEVERAL, datasets_of, kind_of, with_name
from softcord.app.config.engine_facts import DRAWN_PATCHES, EngineFacts, engine_node
from softcord.app.config.identity import hash_of_config
from softcord.app.config.instantiate import TARGET, build, suggest
from softcord.app.config.method_name import MethodWords, contrasts_word
from softcord.app.config.own_parts import learn_own_parts, own_metrics
from softcord.app.config.settings import CheckSettings, CompareSettings, Paths
from softcord.app.config.values import (
    levels,
    one_of,
    study_name,
    tested_set,
    true_or_false,
    variant_word,
    whole_number,
)
from softcord.contrasts import contrast_set
from softcord.errors import UsageError
from softcord.evaluation.settings import EvaluateSettings
from softcord.sweep.search_settings import TrialSettings
from softcord.train.settings import MachineSettings, TrainerSettings, TrainSettings

if TYPE_CHECKING:
    from torch import nn

    from softcord.augment.chain import Augment
    from softcord.data.cache import CacheSettings
    from softcord.data.labels import Gt
    from softcord.data.settings import DataSettings, Source, SplitSettings
    from softcord.gt.settings import GtSettings
    from softcord.measure.own_metric import ImageMetric
    from softcord.phantom.settings import PhantomSettings
    from softcord.predict.package import Model, NetDescription
    from softcord.synthetic.settings import SyntheticSettings

_ROOT_KEYS = (
    *("data", "phantom", "split", "gt", "loss", "model", "augment", "train", "machine", "trainer"),
    *("recipe", "baseline"),
    *("synthetic", "engine"),
    *("study", "variant", "contrasts", "tested_contrasts", "model_per_contrast", "seed", "levels"),
    *("reference", "tails", "uncertainty", "volumes", "rerun", "metric"),
    *("measured_on", "compare", "check", "evaluate", "search", "paths", "experiment"),
)


_GROUPS = (
    *("data", "phantom", "split", "gt", "loss", "model", "augment", "train", "machine", "trainer"),
    *("synthetic", "engine", "volumes", "metric", "compare", "check", "evaluate", "search", "paths"),
)


@dataclass(frozen=True)
class Plan:
    """One run, as its configuration describes it.

    ``base_method`` is its method's name by the choices that every name tells; ``method`` is the label that it
    has in its study (:func:`softcord.app.records.labels.labelled`), until then the same.
    """

    config: Mapping[str, Any]
    choices: Mapping[str, str]
    overrides: tuple[str, ...]
    study: str
    seed: int
    contrasts: tuple[str, ...]
    tested_contrasts: tuple[str, ...] | None
    model_per_contrast: bool
    levels: tuple[int, ...]
    metrics: "tuple[tuple[str, ImageMetric], ...]"
    reference: "Gt"
    tails: bool
    uncertainty: bool
    measured_on: Literal["test", "val"]
    search: TrialSettings
    rerun: bool
    base_method: str
    method: str
    modified: tuple[str, ...]
    datasets: "tuple[Source, ...]"
    engine: EngineFacts
    gt: "GtSettings"
    train: TrainSettings
    volumes: "CacheSettings"
    machine: MachineSettings
    trainer: TrainerSettings
    paths: Paths
    check: CheckSettings
    evaluate: EvaluateSettings

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
        return self.paths.outputs_dir / self.study

    @cached_property
    def config_hash(self) -> str:
        """Hash of all that the configuration says about the result."""
        start = self.train.start_from if "train" in self.engine.reads else None
        sha256 = None if start is None else self._start_sha256(start)
        return hash_of_config(self.config, self.engine, self.unread, sha256)

    @property
    def unread(self) -> tuple[str, ...]:
        """Groups of the configuration that this run's data do not read."""
        is_phantom = any(one.choices["data"] == "phantom" for one in self.for_each_dataset())
        return (*(() if is_phantom else ("phantom",)), *(() if self.draws_patches else ("synthetic",)))

    @property
    def started_from(self) -> str | None:
        """What the first weights are called, the same for all seeds of a method; None for random ones."""
        word = self.train.start_from if "train" in self.engine.reads else None
        if word is None:
            return None
        from softcord.app.models.start_from import start_label  # torch: two seconds

        label = start_label(word, self.paths.outputs_dir, self.paths.store_dir)
        return label.removeprefix(f"{self.study}/")

    def _start_sha256(self, word: str) -> str:
        from softcord.app.models.start_from import starting_weights_sha256  # torch: two seconds

        return starting_weights_sha256(word, self.paths.outputs_dir, self.paths.store_dir)

    @property
    def draws_patches(self) -> bool:
        """Whether the data are patches that are drawn; the dataset is then for testing only."""
        return self.choices["data"] == DRAWN_PATCHES

    @property
    def needs_phantom(self) -> bool:
        """Whether the dataset is the phantom, which is made on first use."""
        root = self.paths.data_dir / f"phantom-{self.config['phantom']['name']}"
        return self.choices["data"] == "phantom" or (self.draws_patches and self.data.root == root)

    @property
    def net_description(self) -> "NetDescription":
        """The class of the net and its arguments."""
        from softcord.predict.package import NetDescription  # torch: two seconds

        arguments = dict(self.config["model"])
        return NetDescription(arguments.pop(TARGET), arguments)

    def starting_model(self) -> "Model | None":
        """Return the model whose weights the net starts with; None for random ones.

        Raises:
            DataError: the model cannot be read.
            UsageError: nothing of that name, or its net is another one.
        """
        if self.train.start_from is None:
            return None
        from softcord.app.models.start_from import starting_model  # torch: two seconds

        folders = self.paths.outputs_dir, self.paths.store_dir
        return starting_model(self.train.start_from, self.net_description, *folders)

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

    What only one engine needs is for its own ``check``, which may have to import torch.

    Raises:
        UsageError: a value that cannot work; it names the key.
    """
    learn_own_parts()
    composed = replace(composed, config=with_name(composed.config))
    config = composed.config
    _check_keys(config)
    contrasts = contrast_set(config["contrasts"])
    per_contrast = true_or_false(config["model_per_contrast"], "model_per_contrast")
    engine: EngineFacts = build(engine_node(composed), "engine")
    _: CompareSettings = build(config["compare"], "compare")
    search: TrialSettings = build(config["search"], "search")
    words = MethodWords(
        composed.choices,
        contrasts_word(contrasts, per_contrast=per_contrast),
        variant_word(config["variant"]),
        lambda group: changes(composed, group),
    )
    # Trials are no replicates of each other, whatever they share.
    trial = "" if search.trial is None else f"_trial{search.trial}"
    method = f"{engine.method_name(words)}{trial}"
    return Plan(
        config=config,
        choices=composed.choices,
        overrides=composed.overrides,
        study=study_name(config["study"]),
        seed=whole_number(config["seed"], "seed"),
        contrasts=contrasts,
        tested_contrasts=tested_set(config["tested_contrasts"]),
        model_per_contrast=per_contrast,
        levels=levels(config["levels"]),
        metrics=own_metrics(config["metric"]),
        reference=one_of(config["reference"], "reference", ("soft", "hard")),
        tails=true_or_false(config["tails"], "tails"),
        uncertainty=_uncertainty(config),
        measured_on=one_of(config["measured_on"], "measured_on", ("test", "val")),
        search=search,
        rerun=true_or_false(config["rerun"], "rerun"),
        base_method=method,
        method=method,
        modified=modifications(composed),
        datasets=datasets_of(composed),
        engine=engine,
        gt=build(config["gt"], "gt"),
        train=build(config["train"], "train"),
        volumes=build(config["volumes"], "volumes"),
        machine=build(config["machine"], "machine"),
        trainer=build(config["trainer"], "trainer"),
        paths=build(config["paths"], "paths"),
        check=build(config["check"], "check"),
        evaluate=build(config["evaluate"], "evaluate"),
    )


def _uncertainty(config: Mapping[str, Any]) -> bool:
    """Return whether intervals of CSA are wanted, which nobody may have who they are calibrated on."""
    wanted = true_or_false(config["uncertainty"], "uncertainty")
    if wanted and config["measured_on"] == "val":
        what = "is calibrated on the validation participants, and measured_on=val measures these"
        raise UsageError("uncertainty", what, "Leave one of the two out")
    return wanted


def _check_keys(config: Mapping[str, Any]) -> None:
    for key in config:
        if key not in _ROOT_KEYS:
            raise UsageError(key, "is not a known key", suggest(key, list(_ROOT_KEYS)))
    for key in _ROOT_KEYS:
        if key not in config and key != "experiment":
            raise UsageError(key, "is missing", "Leave it in the configuration")
    for key in _GROUPS:
        if not isinstance(config[key], Mapping):
            what = f"has settings of its own (--cfg job shows them), got {config[key]!r} instead"
            raise UsageError(key, what, f"Write {key}.NAME=VALUE")


def jobs_of(plan: Plan) -> int:
    """Return how many processes the machine settings allow, or else a launcher that shares out the cores."""
    return plan.machine.jobs or int(os.environ.get("SOFTCORD_CORES", "0")) or os.cpu_count() or 1
