"""Which classes a configuration may name at a key; nothing is imported before that is known."""

import re
from types import UnionType
from typing import Any, Union, get_args, get_origin

from softcord.app.own.code import open_folder, own_targets
from softcord.app.own.packages import allowed_packages
from softcord.errors import UsageError

# By the first part of the key: where softcord's own classes for it are.
_PLACES = {
    "loss": ("softcord.losses",),
    "model": ("softcord.nets", "monai.networks.nets"),
    "augment": ("softcord.augment", "monai.transforms"),
    "synthetic": ("softcord.synthetic", "softcord.augment"),
    "engine": ("softcord.app.engines",),
    "gt": ("softcord.gt.settings",),
    "data": ("softcord.data.settings",),
    "split": ("softcord.data.settings",),
    "phantom": ("softcord.phantom.settings",),
    "train": ("softcord.train.settings", "softcord.nnunet.settings"),
    "machine": ("softcord.train.settings",),
    "trainer": ("softcord.train.settings",),
    "volumes": ("softcord.data.cache",),
    "search": ("softcord.sweep.search_settings",),
    "contrast": ("softcord.contrasts",),
    "hydra": ("softcord.sweep.search_settings",),
    "paths": ("softcord.app.config.settings",),
    "check": ("softcord.app.config.settings",),
    "evaluate": ("softcord.evaluation.settings",),
    "compare": ("softcord.app.config.settings", "softcord.stats", "softcord.report"),
}
# What somebody's own package may add to.
_OPEN = ("loss", "model", "augment", "engine", "metric", "data")
_HINT = "Name one such as softcord.losses.awing.AdaptiveWingLoss"


def check_place(path: str, key: str) -> None:
    """Refuse the path of a class that is none for this key, before anything is imported.

    A class of one's own that a file of one's own conf/ names can be imported afterwards.

    Raises:
        UsageError: it is not one of softcord's classes for the key, nor one that the project's own conf/
            names, nor of a package that was allowed.
    """
    root = key.partition(".")[0]
    own = allowed_packages() if root in _OPEN else ()
    if path and any(path.startswith(f"{place}.") for place in (*_PLACES.get(root, ()), *own)):
        return
    if root in _OPEN and path in own_targets():
        open_folder(path)
        return
    what = f"must be a class of softcord's for {root}, got {path!r}"
    package = path.partition(".")[0]
    ways = f"{_HINT}, name your own class in a file of your conf/{root}/ (docs/extend.md)"
    hint = f"{ways}, or add -allow {package} if you trust that package" if root in _OPEN else _HINT
    raise UsageError(f"{key}._target_", what, hint)


def check_fits(target: Any, key: str, hint: Any = Any) -> None:
    """Refuse what is no class, or not one that the key wants.

    Args:
        target: what was imported.
        key: its place in the configuration.
        hint: the type of the parameter that it is for, where it is one of an enclosing class.
    """
    if not isinstance(target, type):
        raise UsageError(f"{key}._target_", f"must be a class, got {target!r}", _HINT)
    wanted = _expected(key) if hint is Any else tuple(one for one in _classes(hint) if one is not type(None))
    if wanted and not issubclass(target, wanted):
        names = " or ".join(one.__name__ for one in wanted)
        raise UsageError(f"{key}._target_", f"must be a {names}, got {target.__name__}", _HINT)


def takes_objects(hint: Any) -> bool:
    """Whether a parameter of this type may be a node with a class of its own."""
    return hint is Any or any(one.__module__ != "builtins" for one in _classes(hint))


def _expected(key: str) -> tuple[type, ...]:
    if key in ("loss", "model"):
        from torch import nn  # only those who train import it

        return (nn.Module,)
    if key == "augment":
        from softcord.augment.chain import Augment

        return (Augment,)
    if re.fullmatch(r"data(\.datasets\.[^.]+)?", key):
        from softcord.data.settings import DataSettings

        return (DataSettings,)
    if key.startswith("metric."):
        from softcord.measure.own_metric import ImageMetric

        return (ImageMetric,)
    return ()


def _classes(hint: Any) -> list[type]:
    if get_origin(hint) in (Union, UnionType):
        return [one for part in get_args(hint) for one in _classes(part)]
    return [hint] if isinstance(hint, type) else []
