"""Build the object that a configuration node describes, checking every value on the way."""

import importlib
import inspect
from collections.abc import Mapping
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from softcord.app.config.allowed import check_fits, check_place, takes_objects
from softcord.errors import UsageError
from softcord.hints import did_you_mean

TARGET = "_target_"


def build(node: Mapping[str, Any], key: str, **extra: object) -> Any:
    """Build an object of the class that ``node["_target_"]`` names with the node's other keys.

    ``key`` is the node's place in the configuration, for messages; ``extra`` are arguments that do not come
    from the configuration.

    Raises:
        UsageError: an unknown key (the nearest is suggested), a missing one, a wrong type or a value that
            the class refuses; it names the key.
    """
    return _built(node, key, Any, extra)


def _built(node: Mapping[str, Any], key: str, wanted: Any, extra: Mapping[str, object]) -> Any:
    target = resolve(node, key)
    check_fits(target, key, wanted)
    hints = get_type_hints(target.__init__ if inspect.isclass(target) else target)
    parameters = inspect.signature(target).parameters
    arguments: dict[str, Any] = dict(extra)
    for name, value in node.items():
        if name == TARGET:
            continue
        if name not in parameters:
            raise UsageError(f"{key}.{name}", "is not a known key", suggest(name, parameters))
        arguments[name] = _checked(value, hints.get(name, Any), f"{key}.{name}")
    missing = [name for name, p in parameters.items() if p.default is p.empty and name not in arguments]
    if missing and not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        raise UsageError(f"{key}.{missing[0]}", "is missing", f"Add it to conf/{key}/*.yaml or the command")
    try:
        return _ready(target(**arguments), key)
    except ImportError as error:
        what = f"cannot be built ({str(error).splitlines()[0]})"
        raise UsageError(f"{key}.{TARGET}", what, "Install what it needs") from error
    except ValueError as error:
        name, _, rest = str(error).partition(": ")
        where = f"{key}.{name}" if rest and name.split(".")[0] in parameters else key
        raise UsageError(where, rest or str(error)) from error


def resolve(node: Mapping[str, Any], key: str) -> Any:
    """Import what ``node["_target_"]`` names, if it is one that the key allows."""
    path = str(node.get(TARGET, ""))
    check_place(path, key)
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        hint = "Give the full path of a class, such as softcord.losses.awing.AdaptiveWingLoss"
        raise UsageError(f"{key}.{TARGET}", f"cannot import {path!r} ({error})", hint) from error


def suggest(name: str, known: Mapping[str, object] | list[str]) -> str:
    """Return a hint with the nearest known name, or with all of them where they are few."""
    return did_you_mean(
        name, known, None if len(known) <= 20 else "--cfg job lists what can be set", cutoff=0.5
    )


def _ready(built: Any, key: str) -> Any:
    if key != "model":
        return built
    from softcord.nets.monai_net import called_as_ours  # torch: two seconds

    return called_as_ours(built)


def _checked(value: Any, hint: Any, key: str) -> Any:
    if isinstance(value, Mapping) and TARGET in value:
        if not takes_objects(hint):
            raise UsageError(key, f"is no place for a class, got {value[TARGET]!r}", "Give it a value")
        return _built(value, key, hint, {})
    if _holds_objects(value) and get_origin(hint) is Mapping:
        return {name: _checked(node, get_args(hint)[1], f"{key}.{name}") for name, node in value.items()}
    try:
        return TypeAdapter(hint, config=_config(hint)).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join([key, *(str(part) for part in first["loc"])])
        raise UsageError(where, f"{first['msg']}, got {first['input']!r}") from error


def _holds_objects(value: Any) -> bool:
    return isinstance(value, Mapping) and any(
        isinstance(one, Mapping) and TARGET in one for one in value.values()
    )


def _config(hint: Any) -> ConfigDict | None:
    # Types with a configuration of their own (dataclasses) refuse another one.
    is_own = inspect.isclass(hint) and (
        hasattr(hint, "__dataclass_fields__") or hasattr(hint, "model_fields")
    )
    return None if is_own else ConfigDict(arbitrary_types_allowed=True, strict=False)
