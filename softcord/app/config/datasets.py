"""Which datasets a configuration names: one, or several that train together (``data=several``)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from softcord.app.config.compose import Composed, as_shipped, changes
from softcord.app.config.instantiate import build, suggest
from softcord.app.own.folders import options
from softcord.contrasts import contrast_set
from softcord.data.name import dataset_name
from softcord.errors import UsageError

if TYPE_CHECKING:
    from softcord.data.settings import DataSettings, Source, SplitSettings
    from softcord.phantom.settings import PhantomSettings

SEVERAL = "several"
# Where a dataset lies does not change a result; nor does its name where it is the only one.
_PLACES = ("name", "root", "derivatives", "url")


def datasets_of(composed: Composed) -> "tuple[Source, ...]":
    """Build every dataset of a configuration, each with its split.

    Raises:
        UsageError: a wrong key or value; it names the key.
    """
    from softcord.data.settings import Source  # pandas: a second

    if composed.choices["data"] != SEVERAL:
        data = _data(composed, composed.config["data"], composed.choices["data"], "data")
        return (Source(data, build(composed.config["split"], "split")),)
    return tuple(_several(composed))


def with_name(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration whose dataset has a name: its own, where none is given."""
    data = config["data"]
    if (
        not isinstance(data, Mapping)
        or data.get("name", "") is not None
        or not isinstance(data.get("root"), str)
    ):
        return dict(config)
    return {**config, "data": {**data, "name": dataset_name(Path(data["root"]))}}


def kind_of(composed_choices: Mapping[str, str], name: str) -> str:
    """Return which option of conf/data one of several datasets was made from."""
    return composed_choices.get(f"data@data.datasets.{name}", "bids")


def data_content(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the node ``data`` of a configuration says about results, without where the data lie."""
    if "datasets" not in node:
        return _placeless(node)
    return {"datasets": {name: _placeless(entry) for name, entry in node["datasets"].items()}}


def _placeless(node: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key not in _PLACES}


def _several(composed: Composed) -> "Iterator[Source]":
    from softcord.data.settings import Source  # pandas: a second

    node = composed.config["data"]
    for key in node:
        if key not in ("name", "datasets"):
            raise UsageError(f"data.{key}", "is not a key of data=several", "Set it for each dataset")
    if not isinstance(node["datasets"], Mapping) or not node["datasets"]:
        hint = "Write 'data.datasets={a: {root: PATH}, b: {root: PATH}}'"
        raise UsageError("data.datasets", f"names no dataset, got {node['datasets']!r}", hint)
    for name, entry in node["datasets"].items():
        key = f"data.datasets.{name}"
        if not isinstance(entry, Mapping):
            raise UsageError(key, f"must be a set of keys and values, got {entry!r}", "Give at least a root")
        kind = kind_of(composed.choices, str(name))
        shipped = as_shipped("data=bids", "data.root=.").config["data"]
        own = {k: v for k, v in entry.items() if k not in ("split", "contrasts")}
        _need_root(own, key)
        data = _data(composed, {**shipped, **own, "name": str(name)}, kind, key)
        split = _split(composed, entry.get("split"), f"{key}.split")
        yield Source(data, split, _contrasts(composed, entry.get("contrasts"), f"{key}.contrasts"))


def _contrasts(composed: Composed, entry: Any, key: str) -> tuple[str, ...] | None:
    if entry is None:
        return None
    chosen, studied = contrast_set(entry), contrast_set(composed.config["contrasts"])
    if beyond := [contrast for contrast in chosen if contrast not in studied]:
        raise UsageError(key, f"{beyond[0]} is not among the study's contrasts", "Add it to contrasts=")
    return chosen


def _need_root(node: Mapping[str, Any], key: str) -> None:
    """Refuse an empty root too (``data.root=$UNSET``), which would stand for the working directory."""
    if not node.get("root"):
        raise UsageError(f"{key}.root", "is missing", "Name the folder that holds sub-*")


def _data(composed: Composed, node: Mapping[str, Any], kind: str, key: str) -> "DataSettings":
    _need_root(node, key)
    settings: DataSettings = build(node, key)
    if kind != "phantom":
        return settings
    phantom: PhantomSettings = build(composed.config["phantom"], "phantom")
    shipped = Path(composed.config["paths"]["data"]) / f"phantom-{phantom.name}"
    if settings.root != shipped or not changes(composed, "phantom"):
        return settings
    # A changed preset is another dataset: it gets a folder of its own.
    return replace(settings, root=settings.root.with_name(f"{settings.root.name}-{phantom.identity[:6]}"))


def _split(composed: Composed, entry: Any, key: str) -> "SplitSettings":
    """Build the split of one of several datasets: an option of conf/split, keys, or the study's split."""
    if entry is None:
        node = composed.config["split"]
    elif isinstance(entry, str):
        if entry not in options("split"):
            raise UsageError(f"{key}={entry}", "there is no such option", suggest(entry, options("split")))
        node = as_shipped(f"split={entry}").config["split"]
    elif isinstance(entry, Mapping):
        node = {**as_shipped("split=seeded").config["split"], **entry}
    else:
        raise UsageError(key, f"must be an option or a set of keys, got {entry!r}", "For example paper")
    settings: SplitSettings = build(node, key)
    return settings
