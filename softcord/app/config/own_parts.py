"""Contrasts and metrics of one's own conf/ become known before anything asks for them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from softcord.app.config.instantiate import TARGET, build
from softcord.app.own.folders import own_option_files
from softcord.contrasts import Contrast, add_contrasts
from softcord.errors import UsageError
from softcord.measure.metrics import Metric, add_metrics

if TYPE_CHECKING:
    from softcord.measure.own_metric import ImageMetric

_OF_A_METRIC = ("unit", "better", "optimum", "label")


def learn_own_parts() -> None:
    """Learn the contrasts and the names and units of metrics that one's own conf/ describes.

    Nothing of theirs is imported.

    Raises:
        UsageError: a file that describes none, or one that softcord has already.
    """
    add_contrasts(_contrast(name, path) for name, path in own_option_files("contrast").items())
    for path in own_option_files("metric").values():
        for name, node in _mapping(path).items():
            if not isinstance(node, Mapping):
                what = f"{name} is no metric, got {node!r}"
                raise UsageError(path, what, "Write NAME: and below it, indented, _target_, unit and label")
            _learn_metric(path, str(name), node)


def own_metrics(nodes: Mapping[str, Any]) -> "tuple[tuple[str, ImageMetric], ...]":
    """Build the metrics of the configuration's node ``metric``, by name.

    Raises:
        UsageError: a wrong key or value; it names the key.
    """
    built = tuple((name, build(node, f"metric.{name}")) for name, node in nodes.items())
    for name, node in nodes.items():
        _learn_metric(f"metric.{name}", name, node)
    return built


def _contrast(name: str, path: Path) -> Contrast:
    node = _mapping(path)
    if TARGET in node:
        raise UsageError(path, f"a contrast has no {TARGET}", "Write datatype, stem and label")
    contrast: Contrast = build({TARGET: "softcord.contrasts.Contrast", "key": name, **node}, "contrast")
    return contrast


def _learn_metric(where: object, name: str, node: Mapping[str, Any]) -> None:
    try:
        about = {"better": "none", "optimum": None, **{k: v for k, v in node.items() if k in _OF_A_METRIC}}
        add_metrics([Metric(name=name, **{**about, "label": about.get("label") or name})])
    except (TypeError, ValueError) as error:
        raise UsageError(where, f"{name}: {error}", "Give it a unit and a name of its own") from error


def _mapping(path: Path) -> dict[str, Any]:
    node = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(node, dict):
        raise UsageError(path, f"holds no key: value lines, got {node!r}", "See docs/extend.md")
    return node
