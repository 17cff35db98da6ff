"""What a baseline sets, and what an override has changed of it."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from softcord.app.config.compose import Composed, as_shipped, deviations
from softcord.app.own.folders import option_file


def modifications(composed: Composed) -> tuple[str, ...]:
    """Return what differs from the chosen baseline's own configuration, such as ``("loss=awing",)``.

    Only what the baseline's file sets counts: its options of groups with all their values, and its keys. A
    recipe changes what a baseline is, so the baseline is taken as it ships with the same recipe.
    """
    name = composed.choices["baseline"]
    own = as_shipped(f"recipe={composed.choices['recipe']}", f"baseline={name}")
    path = option_file("baseline", name)
    file = yaml.safe_load(path.read_text(encoding="utf-8")) if path else {}
    return tuple(_changes(composed, own, file))


def _changes(composed: Composed, own: Composed, file: Mapping[str, Any]) -> Iterator[str]:
    for group in _groups(file):
        if composed.choices[group] != own.choices[group]:
            yield f"{group}={composed.choices[group]}"
            continue
        for key, value in deviations(composed.config[group], own.config[group]).items():
            yield f"{group}.{key}={value}"
    for key in set(file) - {"defaults", "baseline"}:
        if composed.config[key] != own.config[key]:
            yield f"{key}={composed.config[key]}"


def _groups(file: Mapping[str, Any]) -> list[str]:
    entries = [key for entry in file.get("defaults", ()) for key in entry]
    return [entry.removeprefix("override /") for entry in entries]
