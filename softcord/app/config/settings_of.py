"""What of a configuration makes a method another one: all that determines its result, but the seed."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from softcord.app.config.compose import Composed, as_shipped, deviations, flat
from softcord.app.config.datasets import data_content
from softcord.app.config.engine_facts import OF_TRAINING
from softcord.app.config.identity import VOLATILE, digest
from softcord.app.config.instantiate import TARGET
from softcord.app.own.code import checksums
from softcord.errors import UsageError

if TYPE_CHECKING:
    from softcord.app.config.plan import Plan

# The seed is what replicates differ in; a variant is in the method's name already, as its contrasts are.
_NAMED = ("seed", "variant", "contrasts", "model_per_contrast", "engine")
# Where weights and predictions lie differs from seed to seed; that there are some is a difference.
_GIVEN = ("train.start_from", "engine.path")
# Groups of conf/ whose option is worth a word by itself; what the data are is their name.
_OPTIONS = ("model", "train", "split", "synthetic", "phantom", "gt", "loss", "augment")
_START = "train.start_from"


def values_of_config(config: Mapping[str, Any], unread: tuple[str, ...]) -> dict[str, Any]:
    """Return by dotted key what a configuration says about a run's result, but the seed.

    ``unread`` are groups that do not count: not read by the run, or compared otherwise.
    """
    left_out = (*VOLATILE, "seed", "variant", *unread)
    values = dict(flat({key: value for key, value in config.items() if key not in left_out}))
    return values | {key: "given" for key in _GIVEN if values.get(key) is not None}


def values_of(plan: "Plan") -> dict[str, Any]:
    """Return by dotted key all settings that determine the result of a plan, but the seed."""
    kept = {
        key: value for key, value in plan.config.items() if key not in (*VOLATILE, *_NAMED, *_unread(plan))
    }
    kept["data"] = data_content(kept["data"])
    if "train" in kept:
        kept["train"] = {key: value for key, value in kept["train"].items() if key != "nnunet"}
        kept["train"]["start_from"] = plan.started_from
    engine = plan.engine.recorded(plan.config["engine"])
    kept["engine"] = {key: value for key, value in engine.items() if key != TARGET}
    # Modules of one's own are part of what a run is: seeds of two versions of them are no replicates.
    code = checksums({key: plan.config[key] for key in kept})
    return dict(flat(kept)) | ({"code": digest(code)[:6]} if code else {})


def stated_of(plan: "Plan") -> dict[str, Any]:
    """Return the options that a plan has chosen, and the keys in which it differs from them."""
    values = values_of(plan)
    composed = Composed(dict(plan.config), dict(plan.choices), plan.overrides)
    # Which phantom it is says which data these are.
    stated: dict[str, Any] = {"data": plan.data_name} if "phantom" in plan.unread else {}
    for group in _OPTIONS:
        inside = {key: value for key, value in values.items() if key.startswith(f"{group}.")}
        if inside:
            stated[group] = plan.choices[group]
            shipped = {f"{group}.{key}": value for key, value in flat(_shipped(composed, group))}
            stated |= deviations(inside, shipped)
    rest = {key: value for key, value in values.items() if key.partition(".")[0] not in _OPTIONS}
    return stated | rest


def told_settings(plan: "Plan") -> str:
    """Say as overrides all in which a plan's method differs from what ships, the seed aside."""
    default = as_shipped()
    usual = {**dict(flat(default.config)), **default.choices, "data": default.config["data"]["name"]}
    stated = stated_of(plan).items()
    return " ".join(f"{key}={value}" for key, value in stated if value != usual.get(key))


def _shipped(composed: Composed, group: str) -> Mapping[str, Any]:
    options = [f"{name}={composed.choices[name]}" for name in ("recipe", group)]
    try:
        shipped: Mapping[str, Any] = as_shipped(*options, f"++{_START}=null").config[group]
    except UsageError:  # an option that only the command that chose it knows
        return {}
    return shipped


def _unread(plan: "Plan") -> tuple[str, ...]:
    return (*plan.unread, *(key for key in OF_TRAINING if key not in plan.engine.reads))
