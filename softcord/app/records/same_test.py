"""Were runs measured alike, and do the replicates of a method differ in the seed alone?"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from softcord.app.config.datasets import data_content
from softcord.app.config.settings_of import values_of_config
from softcord.app.records.labels import told_apart
from softcord.errors import DataError
from softcord.hints import listed
from softcord.sweep.folder import run_config

if TYPE_CHECKING:
    import pandas as pd

# Runs that differ in one of these were not measured alike.
_SAME_MEASUREMENT = ("reference", "levels", "tails", "data", "split")
# Read only where the data are drawn or phantoms, or a matter of place.
_NO_DIFFERENCE = ("data", "phantom", "synthetic", "measured_on")


def check_alike(run_dirs: Sequence[Path]) -> list[str]:
    """Raise where runs were measured differently; return what a reader must know where nothing says so.

    Raises:
        DataError: reference, levels, tails, dataset or split of a run are not those of the first.
    """
    first: tuple[str, Any] | None = None
    silent = []
    for run_dir in run_dirs:
        config = run_config(run_dir)
        if not config:
            silent.append(run_dir.name or str(run_dir.absolute()))
            continue
        kept = {key: config.get(key) for key in _SAME_MEASUREMENT}
        kept["tails"] = bool(kept["tails"])  # runs of before there was a choice left them out
        kept["data"] = data_content(kept["data"] or {})
        if first is None:
            first = (run_dir.name, kept)
        for key in _SAME_MEASUREMENT:
            if kept[key] != first[1][key]:
                what = f"differs from {first[0]} in {key}: {_difference(kept[key], first[1][key])}"
                hint = "Compare it in a study of its own, or allow it with compare.allow_different=true"
                raise DataError(run_dir.name, what, hint)
    if not silent:
        return []
    named = listed(silent)
    what = "on which split and against which masks"
    return [f"Nothing tells {what} {named} was measured: there is no config.yaml beside it."]


def _difference(here: Any, there: Any) -> str:
    if isinstance(here, Mapping) and isinstance(there, Mapping):
        keys = [key for key in {**here, **there} if here.get(key) != there.get(key)]
        return ", ".join(f"{key} {here.get(key)!r} instead of {there.get(key)!r}" for key in keys)
    return f"{here!r} instead of {there!r}"


def named_apart(measures: "pd.DataFrame", dirs: Mapping[str, Path]) -> tuple["pd.DataFrame", list[str]]:
    """Name the methods of measures so that runs of one name differ in the seed alone, and say what was done.

    Args:
        measures: tidy measures.
        dirs: folder of each run in them; runs without a folder keep their names.
    """
    import pandas as pd

    from softcord.stats.frames import is_ground_truth

    tested = measures.loc[~is_ground_truth(measures), ["run", "method"]].drop_duplicates()
    methods = {str(run): str(method) for run, method in tested.itertuples(index=False)}
    settings = {
        run: values_of_config(run_config(dirs[run]), _NO_DIFFERENCE) for run in methods if run in dirs
    }
    names, notes = told_apart(methods, settings)
    if not notes:
        return measures, []
    keys = pd.MultiIndex.from_frame(measures[["run", "method"]].astype(str))
    renamed = {(run, methods[run]): name for run, name in names.items()}
    named = [renamed.get(key, key[1]) for key in keys]
    return measures.assign(method=pd.Categorical(named)), notes
