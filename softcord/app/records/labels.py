"""Give the runs of a command their labels: what their methods are called in the study that they join."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from filelock import FileLock

from softcord.app.config.compose import compose
from softcord.app.config.plan import Plan, make_plan
from softcord.app.config.settings_of import stated_of, values_of, values_of_config
from softcord.errors import SoftcordError
from softcord.sweep.commands import Entry, read_entries
from softcord.sweep.folder import run_config
from softcord.sweep.labels import Made, label_all, varying


@contextmanager
def naming(study_dir: Path) -> Iterator[None]:
    """Keep other processes from naming runs of a study until the names given here are recorded."""
    study_dir.mkdir(parents=True, exist_ok=True)
    with FileLock(study_dir / ".labels.lock"):
        yield


def labelled(plans: Sequence[Plan]) -> list[Plan]:
    """Return the plans with the labels of their methods as ``method``: recorded ones, else new ones.

    One rule for all that is trained: what differs in more than the seed has another label, and a label that
    has been recorded is kept (:mod:`softcord.sweep.labels`).
    """
    named: dict[int, Plan] = {}
    for folder in dict.fromkeys(plan.study_dir for plan in plans):
        own = {place: plan for place, plan in enumerate(plans) if plan.study_dir == folder}
        named |= dict(zip(own, _labelled_in(folder, list(own.values())), strict=True))
    return [named[place] for place in range(len(plans))]


def _labelled_in(folder: Path, plans: Sequence[Plan]) -> list[Plan]:
    entries = [entry for entry in read_entries(folder) if entry.verb == "train"]
    recorded = {entry.config_hash: entry for entry in entries}
    held = _holders(entries)
    labels = {hash_: entry.method for hash_, entry in recorded.items() if not _is_given_away(entry, held)}
    new = list({plan.config_hash: plan for plan in plans if plan.config_hash not in labels}.values())
    if new:
        known = _known(folder, entries, {plan.base_method for plan in new})
        given = label_all([_made(plan) for plan in new], known)
        labels |= {plan.config_hash: label for plan, label in zip(new, given, strict=True)}
    return [replace(plan, method=labels[plan.config_hash]) for plan in plans]


def _holders(entries: Sequence[Entry]) -> dict[tuple[str, int], set[str]]:
    """Return by label and seed the hashes of the runs that did not fail."""
    held: dict[tuple[str, int], set[str]] = {}
    for entry in entries:
        if entry.standing != "failed":
            held.setdefault((entry.method, entry.seed), set()).add(entry.config_hash)
    return held


def _is_given_away(entry: Entry, held: Mapping[tuple[str, int], set[str]]) -> bool:
    """Whether the label of a run that failed is meanwhile another one's."""
    return entry.standing == "failed" and bool(
        held.get((entry.method, entry.seed), set()) - {entry.config_hash}
    )


def _known(folder: Path, entries: Sequence[Entry], bases: Collection[str]) -> list[Made]:
    """Return the runs that hold labels; of each label, the first with its settings."""
    known: list[Made] = []
    described: set[str] = set()
    # A failed run has no results that a label could be wrong about.
    for entry in sorted((one for one in entries if one.standing != "failed"), key=_began):
        base = entry.base
        made = Made(base, entry.seed, {}, None, entry.config_hash, entry.method)
        if base in bases and entry.method not in described:
            made = _recorded(folder, entry, made)
        described.add(entry.method)
        known.append(made)
    return known


def _began(entry: Entry) -> float:
    return entry.run.started_at if entry.run else float("inf")


def _recorded(folder: Path, entry: Entry, made: Made) -> Made:
    """Return a run with its settings: composed anew, or as recorded where that gives another run now."""
    try:
        plan = make_plan(compose(*entry.overrides))
    except SoftcordError:
        plan = None
    if plan is not None and plan.config_hash == entry.config_hash:
        return replace(made, values=values_of(plan), stated=stated_of(plan))
    config = run_config(folder / entry.run.name) if entry.run else {}
    return replace(made, values=values_of_config(config, ("engine",)))


def apart(plans: Sequence[Plan]) -> list[Plan]:
    """Return the conditions of a search with names of their own, whatever the study has."""
    names = label_all([_made(plan) for plan in plans])
    return [replace(plan, method=name) for plan, name in zip(plans, names, strict=True)]


def _made(plan: Plan) -> Made:
    return Made(plan.base_method, plan.seed, values_of(plan), stated_of(plan), plan.config_hash)


def told_apart(
    methods: Mapping[str, str], settings: Mapping[str, Mapping[str, object]]
) -> tuple[dict[str, str], list[str]]:
    """Return a label per finished run that runs of different settings do not share, and what was done.

    For runs that were recorded under one label although they differ in more than the seed.

    Args:
        methods: method of each run.
        settings: of each run, all that determines its result but the seed, by name; a run without any is
            taken for what its method's name says.
    """
    names = dict(methods)
    notes: list[str] = []
    for method in dict.fromkeys(methods.values()):
        runs = [run for run, own in methods.items() if own == method and settings.get(run)]
        # Each counts as a replicate: what tells runs apart here is their settings alone.
        made = [Made(method, place, settings[run]) for place, run in enumerate(runs)]
        keys = varying(made)
        if not keys:
            continue
        names |= dict(zip(runs, label_all(made), strict=True))
        groups = sorted({names[run] for run in runs})
        notes.append(
            f"Runs of {method} differ in more than the seed ({', '.join(keys[:5])}): they are taken as "
            f"{len(groups)} methods, {', '.join(groups)}."
        )
    return names, notes
