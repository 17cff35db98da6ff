"""Which keys and options there are, by the yaml files alone: to compose a configuration takes far longer."""

import re
from functools import cache

from docs.site.configuration import groups, read_choice
from softcord.app.own.folders import options

_OPTION = re.compile(r"[a-z]\w*")
# Of Hydra itself.
_HYDRAS_OWN = {"basic", "joblib"}


@cache
def keys() -> frozenset[str]:
    """Every key of every yaml, as it is written on the command line."""
    found = set[str]()
    for group, paths in groups().items():
        for path in paths:
            text = path.read_text(encoding="utf-8")
            package = "" if group in ("", "experiment") or "@package _global_" in text else f"{group}."
            found |= {f"{package.replace('/', '.')}{key.name}" for key in read_choice(path).keys}
    return frozenset(found)


@cache
def options_of() -> dict[str, frozenset[str]]:
    """The options of each group."""
    names = [one for one in groups() if one] + ["experiment"]
    return {one: frozenset({*options(one), *_HYDRAS_OWN}) for one in names}


def wrong(key: str, value: str) -> str:
    """What is wrong with a key and its value; nothing where both are there."""
    if key in options_of():
        words = re.sub(r"^choice\(|[()\[\]]", "", value)
        chosen = [one for one in re.split(r"[,|]", words) if _OPTION.fullmatch(one)]
        lacking = [one for one in chosen if one not in options_of()[key]]
        return f"{key}={lacking[0]}" if lacking else ""
    is_inner = key in keys() or any(one.startswith(f"{key}.") for one in keys())
    return "" if is_inner or key.startswith("data.datasets.") else key
