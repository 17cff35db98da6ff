"""Replicates of a method differ in the seed alone; whatever else differs goes into the method's name."""

from collections.abc import Iterator, Mapping
from typing import Any

# More differences than this are not written out in a name.
_WRITTEN_OUT = 2


def told_apart(
    methods: Mapping[str, str], settings: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, str], list[str]]:
    """Return a name per run that runs of different settings do not share, and what was done, in sentences.

    Args:
        methods: method of each run.
        settings: of each run, all that determines its result but the seed, by name; a run without any is
            taken for what its method's name says.

    >>> told_apart({"s1": "net", "s2": "net"}, {"s1": {"train.rate": 0.1}, "s2": {"train.rate": 0.2}})[0]
    {'s1': 'net_rate0.1', 's2': 'net_rate0.2'}
    """
    names = dict(methods)
    notes: list[str] = []
    for method in dict.fromkeys(methods.values()):
        runs = [run for run, own in methods.items() if own == method and settings.get(run)]
        differing = list(_differing([settings[run] for run in runs]))
        if not differing:
            continue
        values = {run: tuple(_word(settings[run].get(key)) for key in differing) for run in runs}
        for run in runs:
            names[run] = f"{method}_{_suffix(differing, values, run)}"
        groups = sorted({names[run] for run in runs})
        notes.append(
            f"Runs of {method} differ in more than the seed ({', '.join(differing[:5])}): they are taken as "
            f"{len(groups)} methods, {', '.join(groups)}."
        )
    return names, notes


def _differing(settings: list[Mapping[str, Any]]) -> Iterator[str]:
    for key in dict.fromkeys(key for one in settings for key in one):
        if len({_word(one.get(key)) for one in settings}) > 1:
            yield key


def _suffix(differing: list[str], values: Mapping[str, tuple[str, ...]], run: str) -> str:
    if len(differing) > _WRITTEN_OUT:
        return f"settings{sorted(set(values.values())).index(values[run]) + 1}"
    pairs = zip(differing, values[run], strict=True)
    return "_".join(f"{key.rpartition('.')[2]}{value}" for key, value in pairs)


def _word(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return "-".join(_word(part) for part in value)
    return "none" if value is None else str(value)
