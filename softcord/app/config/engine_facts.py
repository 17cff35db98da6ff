"""What a configuration has to know of an engine; the whole contract is :mod:`softcord.app.engine`."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

import yaml

from softcord.app.config.compose import Composed
from softcord.app.config.method_name import MethodWords
from softcord.app.own.folders import config_dir
from softcord.errors import UsageError

# Keys that only matter to a method that is trained here. An engine says which of them it reads.
OF_TRAINING = (
    "gt",
    "contrasts",
    "seed",
    "loss",
    "model",
    "model_per_contrast",
    "augment",
    "train",
    "volumes",
)
OWN = "softcord"
DRAWN_PATCHES = "synthetic"  # the option of conf/data that draws patches
PER_CONTRAST = "per_contrast"


class EngineFacts(Protocol):
    """What the identity and the name of a run need to know of its engine.

    ``trains``: it learns in this run, rather than having learnt before; ``trains_on_images``: from the
    dataset's images. ``reads`` are those keys of :data:`OF_TRAINING` that change its result.
    """

    trains: ClassVar[bool]
    trains_on_images: ClassVar[bool]
    reads: ClassVar[tuple[str, ...]]

    def method_name(self, words: MethodWords) -> str:
        """Return the name of the method in tables and folders."""
        ...

    def recorded(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """Return what of its node of the configuration is part of a run's identity."""
        return dict(node)


def engine_node(composed: Composed) -> Mapping[str, Any]:
    """Return the node of the engine that a configuration means.

    Two of softcord's own have a key that says more than ``engine=`` would: ``data=synthetic`` and
    ``model_per_contrast=true``.

    Raises:
        UsageError: one of these two is named without its key.
    """
    wanted = {
        DRAWN_PATCHES: composed.choices["data"] == DRAWN_PATCHES,
        PER_CONTRAST: composed.config["model_per_contrast"] is True,
    }
    chosen = composed.choices["engine"]
    if chosen in wanted and not wanted[chosen]:
        key = {DRAWN_PATCHES: "data=synthetic", PER_CONTRAST: "model_per_contrast=true"}[chosen]
        raise UsageError(f"engine={chosen}", "is chosen by another key", f"Write {key}")
    if chosen == OWN and any(wanted.values()):
        chosen = next(name for name, is_wanted in wanted.items() if is_wanted)
        text = (config_dir() / "engine" / f"{chosen}.yaml").read_text(encoding="utf-8")
        return dict(yaml.safe_load(text))
    node: Mapping[str, Any] = composed.config["engine"]
    return node
