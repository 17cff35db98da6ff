"""Which classes a configuration may name at a key; nothing is imported before that is known."""

import os
from collections.abc import Iterable
from types import UnionType
from typing import Any, Union, get_args, get_origin

from softcord.errors import UsageError

# Names of Python packages, separated by commas; -allow PACKAGE sets it.
ALLOW = "SOFTCORD_ALLOW"
# By the first part of the key: where softcord's own classes for it are.
_PLACES = {
    "loss": ("softcord.losses",),
    "model": ("softcord.nets",),
    "augment": ("softcord.augment",),
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
    "hydra": ("softcord.sweep.search_settings",),
    "paths": ("softcord.app.config.settings",),
    "check": ("softcord.app.config.settings",),
    "evaluate": ("softcord.evaluation.settings",),
    "compare": ("softcord.app.config.settings", "softcord.stats", "softcord.report"),
}
# What somebody's own package may add to.
_OPEN = ("loss", "model", "augment", "engine")
_HINT = "Name one such as softcord.losses.awing.AdaptiveWingLoss"


def allow(packages: Iterable[str]) -> None:
    """Allow Python packages, for this process and those that it starts."""
    os.environ[ALLOW] = ",".join(dict.fromkeys([*_allowed(), *packages]))


def check_place(path: str, key: str) -> None:
    """Refuse the path of a class that is none for this key, before anything is imported.

    Raises:
        UsageError: it is not one of softcord's classes for the key, nor of a package that was allowed.
    """
    root = key.partition(".")[0]
    own = _allowed() if root in _OPEN else ()
    if not path or not any(path.startswith(f"{place}.") for place in (*_PLACES.get(root, ()), *own)):
        what = f"must be a class of softcord's for {root}, got {path!r}"
        package = path.partition(".")[0]
        hint = f"{_HINT}, or add -allow {package} if you trust that package" if root in _OPEN else _HINT
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
    return ()


def _classes(hint: Any) -> list[type]:
    if get_origin(hint) in (Union, UnionType):
        return [one for part in get_args(hint) for one in _classes(part)]
    return [hint] if isinstance(hint, type) else []


def _allowed() -> tuple[str, ...]:
    return tuple(name.strip() for name in os.environ.get(ALLOW, "").split(",") if name.strip())
