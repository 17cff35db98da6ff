"""One way to name a run, for every verb: STUDY, STUDY/METHOD, STUDY/METHOD@SEED, or a unique beginning.

study            the study's only run
study/soft_all   the method's only run, or that of its name's only beginning: study/soft, study/soft_all_s1
study/soft_all@2  of its replicates that of seed 2
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from softcord.errors import DataError, UsageError
from softcord.hints import did_you_mean, listed
from softcord.sweep.folder import RUN
from softcord.sweep.ledger import Run, read_study

_LISTED = 12
FORMS = "STUDY, STUDY/METHOD, STUDY/METHOD@SEED or a unique beginning"


@dataclass(frozen=True)
class RunWord:
    """A word for a run, taken apart: the study's name, that of a run or method in it, and a seed."""

    study: str
    name: str = ""
    seed: int | None = None


def taken_apart(word: str) -> RunWord:
    """Take a word for a run apart.

    >>> taken_apart("mine/soft_all@2")
    RunWord(study='mine', name='soft_all', seed=2)
    """
    path, _, seed = word.rpartition("@") if re.search(r"@\d+$", word) else (word, "", "")
    study, _, name = path.strip("/").partition("/")
    return RunWord(study, name, int(seed) if seed else None)


def find_study(name: str, outputs: Path) -> Path:
    """Return the folder of the study that ``name`` is, or is the beginning of.

    Raises:
        DataError: there is none; the nearest are listed.
        UsageError: several begin with it; all are listed.
    """
    known = studies(outputs)
    found = _meant(name, known)
    if len(found) == 1:
        return outputs / found[0]
    if found:
        raise UsageError(name, f"is the beginning of {len(found)} studies", f"Name one: {', '.join(found)}")
    otherwise = f"Studies: {listed(known, _LISTED)}" if known else "Train first"
    raise DataError(name, f"is no study in {outputs}", did_you_mean(name, known, otherwise))


def studies(outputs: Path) -> list[str]:
    """Return the names of the studies, in which something was run or is meant to."""
    found = {path.parent.name for path in outputs.glob("*/study.json")}
    return sorted(found | {path.parent.parent.name for path in outputs.glob(f"*/*/{RUN}")})


def find_run(word: str, outputs: Path) -> Path:
    """Return the folder of the finished run that a word names.

    Raises:
        DataError: there is no such finished run; the nearest are listed.
        UsageError: the word fits several; all are listed.
    """
    said = taken_apart(word)
    folder = find_study(said.study, outputs)
    runs = {run.name: run for run in read_study(folder) if run.is_complete and run.verb == "train"}
    return folder / the_run(word, said, list(runs.values())).name


def the_run(word: str, said: RunWord, runs: Sequence[Run], kind: str = "finished run") -> Run:
    """Return the one of a study's runs that a word names; ``kind`` is what all of them are.

    Raises:
        DataError: it is none of them; the nearest are listed.
        UsageError: it fits several; all are listed.
    """
    found = _named(said, runs)
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            word, f"names {len(found)} runs", f"Name one: {', '.join(_words(said.study, found))}"
        )
    known = _words(said.study, runs)
    otherwise = f"There are {listed(known, _LISTED)}" if known else "There is none yet"
    raise DataError(word, f"is no {kind}", did_you_mean(word, known, otherwise))


def _named(said: RunWord, runs: Sequence[Run]) -> list[Run]:
    of_seed = [run for run in runs if said.seed in (None, run.seed)]
    if not said.name:
        return of_seed
    methods = _meant(said.name, dict.fromkeys(run.method for run in of_seed))
    exact = [run for run in of_seed if said.name in (run.name, run.method)]
    begun = [run for run in of_seed if run.name.startswith(said.name)]
    of_method = [run for run in of_seed if run.method in methods]
    return exact or of_method if len(begun) != 1 else exact or begun


def _meant(name: str, known: Iterable[str]) -> list[str]:
    """Return what a name is, else all that it is the beginning of."""
    names = list(known)
    return [name] if name in names else [one for one in names if name and one.startswith(name)]


def _words(study: str, runs: Sequence[Run]) -> list[str]:
    """Return for each run the shortest word that names it."""
    methods = [run.method for run in runs]
    keys = [(run.method, run.seed) for run in runs]
    return [
        f"{study}/{run.method}"
        if methods.count(run.method) == 1
        else f"{study}/{run.method}@{run.seed}"
        if keys.count((run.method, run.seed)) == 1
        else f"{study}/{run.name}"
        for run in runs
    ]
