"""Compose the configuration from conf/, experiments/ and overrides, with errors in one line."""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from softcord.app.config.instantiate import TARGET, suggest
from softcord.app.config.optimised import keep_parser_assertions
from softcord.app.own.folders import (
    config_dir,
    experiments,
    groups,
    option_file,
    options,
    own_confs,
    shipped,
)
from softcord.compat.hydra import every_combination
from softcord.errors import SoftcordError, UsageError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

keep_parser_assertions()

logger = logging.getLogger("softcord")

Overrides = tuple[str, ...]

# Options that are not in conf/ but in Hydra or the plugins that softcord asks for.
_HYDRAS_OWN = {"hydra/launcher": ("basic", "joblib"), "hydra/sweeper": ("basic",)}


@dataclass(frozen=True)
class Composed:
    """A resolved configuration and the option chosen in each group."""

    config: dict[str, Any]
    choices: dict[str, str]
    overrides: Overrides


def register_experiments(arguments: Iterable[str]) -> None:
    """Offer to Hydra the experiments that ``experiment=a,b`` names; only those, as it copies them often."""
    known = experiments()
    values = [argument.partition("=")[2] for argument in arguments if argument.startswith("experiment=")]
    for name in {name for value in values for name in value.split(",")} & set(known):
        node = OmegaConf.load(known[name])
        _check_experiment(name, known[name], node)
        ConfigStore.instance().store(group="experiment", name=name, node=node, package="_global_")


def _check_experiment(name: str, path: Path, node: Any) -> None:
    """Refuse an experiment that would run code, and say which one it is where its name is a shipped one's.

    How an experiment searches is its own; which launcher, callbacks or logging run is the user's to say.
    """
    content = OmegaConf.to_container(node)
    if not isinstance(content, dict):
        raise UsageError(path, "is no experiment", "Write key: value lines, as those in experiments/")
    raw = {str(key): value for key, value in content.items()}
    engine = raw.get("hydra") or {}
    keys = [f"hydra.{key}" for key in engine if key != "sweeper"] if isinstance(engine, dict) else ["hydra"]
    keys += [key for key, _ in flat(raw) if key.startswith("hydra.") and TARGET in key]
    if keys:
        what = f"sets {keys[0]}, which an experiment may not"
        raise UsageError(path, what, "Write it on the command line if you want it")
    ours = shipped("experiments")
    if not path.resolve().is_relative_to(ours.resolve()) and any(ours.glob(f"**/{name}.yaml")):
        logger.warning("experiment=%s is %s, not the one that softcord ships", name, path)


def compose(*overrides: str) -> Composed:
    """Compose one configuration; the same as the command line does for ``key=value`` arguments.

    Raises:
        UsageError: an unknown key or option (the nearest is suggested) or a malformed override.
    """
    try:
        return _composed(overrides)
    except (HydraException, OmegaConfBaseException, OSError, ValueError, TypeError, AttributeError) as error:
        raise _explained(error, overrides) from error


def _composed(overrides: Overrides) -> Composed:
    with initialised(overrides) as hydra_compose:
        full = hydra_compose("config", overrides=list(overrides), return_hydra_config=True)
        choices = {str(k): str(v) for k, v in full.hydra.runtime.choices.items()}
        OmegaConf.set_struct(full, False)
        del full["hydra"]
        config = OmegaConf.to_container(full, resolve=True, throw_on_missing=True)
    assert isinstance(config, dict)
    return Composed({str(k): v for k, v in config.items()}, choices, tuple(overrides))


def check(overrides: Sequence[str]) -> None:
    """Refuse overrides that cannot be composed; values that are missing are no matter.

    Raises:
        UsageError: as of :func:`compose`.
    """
    from hydra.errors import HydraException

    parse(overrides)
    try:
        with initialised(overrides) as hydra_compose:
            hydra_compose("config", overrides=list(overrides), return_hydra_config=True)
    except (HydraException, OSError, ValueError, TypeError, AttributeError) as error:
        raise _explained(error, overrides) from error


def as_shipped(*options: str) -> Composed:
    """Compose options (``loss=dice``) with nothing else changed: what they are as their files say."""
    return _as_shipped_with(own_confs(), options)


@cache
def _as_shipped_with(_confs: tuple[Path, ...], chosen: Overrides) -> Composed:
    return compose(*chosen)


def flat(node: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the configuration's leaves with dotted names, as they are typed on the command line."""
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def deviations(node: Mapping[str, Any], shipped: Mapping[str, Any]) -> dict[str, Any]:
    """Return the leaves, by dotted key, in which a configuration node differs from another.

    A part that is switched off (null) counts once, not by each of its keys.
    """
    before = dict(flat(shipped))
    return {key: value for key, value in flat(node) if key not in before or before[key] != value}


def changes(composed: Composed, group: str) -> dict[str, Any]:
    """Return dotted keys of a group whose values differ from those of the chosen option as it ships."""
    options = (f"{name}={composed.choices[name]}" for name in ("recipe", group))
    return deviations(composed.config[group], as_shipped(*options).config[group])


@contextmanager
def initialised(overrides: Iterable[str]) -> Iterator[Any]:
    """Let Hydra know conf/ and the experiments that the overrides name; yield its function to compose."""
    register_experiments(overrides)
    GlobalHydra.instance().clear()
    with hydra.initialize_config_dir(str(config_dir()), version_base="1.3"):
        yield hydra.compose


def combinations(arguments: Sequence[str]) -> list[Overrides]:
    """Expand the comma-separated values of a sweep to one tuple of overrides per run.

    Values that an experiment sweeps (``hydra.sweeper.params``) count, unless the command line sets them.

    Raises:
        UsageError: a malformed override.
    """
    given = parse(arguments)
    named = {one.get_key_element() for one in given}
    params = sweeper(arguments).get("params") or {}
    swept = parse([f"{key}={value}" for key, value in params.items() if key not in named])
    for one in swept + given:
        if one.is_interval_sweep():
            what = f"{one.input_line} is for a search, not for a sweep over every value"
            raise UsageError(one.get_key_element(), what, "Add hydra/sweeper=softcord_optuna")
    try:
        runs = every_combination(swept + given)
    except HydraException as error:
        raise _explained(error, arguments) from error
    return [tuple(one for one in run if not is_for_engine(one)) for run in runs]


def is_for_engine(override: str) -> bool:
    """Whether an override says how jobs are run (hydra/launcher=..., hydra.launcher.n_jobs=...), not what."""
    return override.lstrip("+~").startswith(("hydra/", "hydra."))


def sweeper(arguments: Sequence[str]) -> dict[str, Any]:
    """Return the settings of the sweeper that a command, or the experiment it names, chooses.

    Raises:
        UsageError: an override that cannot work, also of how the runs are run (hydra/launcher=...).
    """
    fixed = [str(one.input_line) for one in parse(arguments) if not one.is_sweep_override()]
    try:
        with initialised(fixed) as hydra_compose:
            full = hydra_compose("config", overrides=fixed, return_hydra_config=True)
            return dict(full.hydra.sweeper)
    except HydraException as error:
        raise _explained(error, fixed) from error


def parse(overrides: Sequence[str]) -> "list[Override]":
    """Read overrides in Hydra's grammar."""
    try:
        return OverridesParser.create().parse_overrides(list(overrides))
    except HydraException as error:
        raise _explained(error, overrides) from error


def normalise(arguments: Iterable[str]) -> list[str]:
    """Take ``loss=DiceCE`` for the option that differs in capitals alone, ``dicece``, and say so."""
    known = groups()
    normal = []
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if not equals or key not in known:
            normal.append(argument)
            continue
        meant = ",".join(_as_spelt(key, word) for word in value.split(","))
        if meant != value:
            logger.warning("%s is read as %s=%s", argument, key, meant)
        normal.append(f"{key}={meant}")
    return normal


def _as_spelt(group: str, word: str) -> str:
    known = options(group)
    return word if word in known else {one.lower(): one for one in known}.get(word.lower(), word)


def _explained(error: Exception, overrides: Iterable[str]) -> SoftcordError:
    """Find the override that Hydra's error is about and say what would have been right."""
    missing = getattr(error, "full_key", None) if "Missing mandatory value" in str(error) else None
    if missing:
        return UsageError(str(missing), "is missing", f"Add {missing}=... to the command")
    is_ambiguous = "Ambiguous value" in str(error)
    overrides = tuple(overrides)
    known = _known_keys(tuple(one for one in overrides if _is_option(one)))
    for override in overrides:
        key, equals, value = override.partition("=")
        if override.startswith("~") and not equals:
            continue  # leaves a key out
        if not equals:
            return UsageError(override, "is not key=value", "Write for example gt=soft")
        if is_ambiguous and "," in value:
            return UsageError(override, "gives several values", f"Add -m to sweep, or write {key}=[{value}]")
        if not key.startswith(("+", "~", "hydra")) and not is_ambiguous:
            unknown = _unknown(key, value, known)
            if unknown:
                return unknown
    return _unknown_part(str(error), known) or UsageError(
        "configuration", _first_line(error), "--cfg job shows the configuration"
    )


def _unknown_part(said: str, known: frozenset[str]) -> UsageError | None:
    """Find what Hydra says is not there."""
    if absent := re.search(r"Could not find '(hydra/[^']+)/([^'/]+)'", said):
        group, option = absent[1], absent[2]
        known_options = [*options(group), *_HYDRAS_OWN.get(group, ())]
        return UsageError(f"{group}={option}", "there is no such option", suggest(option, known_options))
    if absent := re.search(r"Could not delete from config.*?'(\S+?)'", said):
        if absent[1] in known:
            return UsageError(f"~{absent[1]}", "cannot be left out: its value is null", "Leave ~ out")
        return UsageError(f"~{absent[1]}", "is not a known key", suggest(absent[1], sorted(known)))
    if added := re.search(r"To append to your config use (\S+?)=", said):
        key = added[1].lstrip("+")
        return UsageError(key, "is not there to be changed", f"Check the name, or add it: {added[1]}=...")
    return None


def _is_option(override: str) -> bool:
    group, _, option = override.partition("=")
    return option_file(group, option) is not None


def _unknown(key: str, value: str, known: frozenset[str]) -> UsageError | None:
    if key == "experiment" or key in groups():
        known_options = options(key)
        if value in known_options or ("," in value and not value.startswith("[")):
            return None
        return UsageError(f"{key}={value}", "there is no such option", suggest(value, known_options))
    # What is inside data.datasets is the user's own, and checked when it is built.
    if key in known or key.startswith("data.datasets."):
        return None
    return UsageError(key, "is not a known key", suggest(key, sorted(known)))


def _known_keys(chosen: Overrides) -> frozenset[str]:
    return _known_keys_with(own_confs(), chosen)


@cache
def _known_keys_with(_confs: tuple[Path, ...], chosen: Overrides) -> frozenset[str]:
    try:
        composed = _composed((*chosen, "++data.root=.", "++train.start_from=null"))
    except (HydraException, OmegaConfBaseException, OSError, ValueError, TypeError, AttributeError):
        return frozenset(groups())  # the file of an option is at fault, which the first error says
    return frozenset(_dotted(composed.config)) | set(groups())


def _dotted(node: Mapping[str, Any], prefix: str = "") -> Iterable[str]:
    for key, value in node.items():
        yield f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _dotted(value, f"{prefix}{key}.")


def _first_line(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error).strip().splitlines()[0])
