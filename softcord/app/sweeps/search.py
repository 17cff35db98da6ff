"""A search from the command line: one Optuna study per condition, each trial a run below the search's."""

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from softcord.app.config.compose import Overrides, compose
from softcord.app.config.identity import about_results, digest
from softcord.app.config.instantiate import build
from softcord.app.config.plan import Plan, make_plan
from softcord.app.config.search_space import SearchSpace, as_overrides, read_search_space
from softcord.app.console.exit_codes import DONE, STUDY
from softcord.app.console.streams import show
from softcord.app.console.terminal import show_table
from softcord.app.records.labels import apart, labelled, naming
from softcord.app.sweeps.live_view import Progress, showing
from softcord.app.sweeps.objective import directions
from softcord.app.sweeps.runs import attempts_at, note_failure, planned, say_failed, without_end
from softcord.app.sweeps.trial import search_record
from softcord.draw.render import figure_bytes
from softcord.errors import RunError, UsageError
from softcord.io.files import write_bytes
from softcord.io.names import file_name
from softcord.io.tables import write_table
from softcord.measure.metrics import METRICS
from softcord.report.tables import markdown
from softcord.sweep.commands import read_commands, record_command
from softcord.sweep.ledger import read_study
from softcord.sweep.search import (
    all_alike,
    best_trials,
    n_finished,
    open_search,
    run_search,
    search_figures,
    trials_table,
)
from softcord.sweep.search_settings import SearchSettings, Trial
from softcord.track.dashboard import describe_study, show_outcome

if TYPE_CHECKING:
    import optuna

    from softcord.app.sweeps.runs import Attempts

# What the sweeper's class is below.
SEARCH = "hydra_plugins.softcord_optuna."

logger = logging.getLogger("softcord")

# Runs a batch of overrides, the first of which is job number n; returns what the jobs returned.
Launch = Callable[[Sequence[Overrides], int], list[Any]]


def check_search(arguments: Sequence[str], params: Mapping[str, str], check: Callable[[Plan], None]) -> None:
    """Refuse a search before it starts if any end of any parameter is a value that cannot work."""
    for overrides in read_search_space(arguments, params).ends():
        plan = make_plan(compose(*overrides))
        check(plan)
        if plan.measured_on != "val":
            what = "would let the search see the participants that its result is tested on"
            raise UsageError(f"measured_on={plan.measured_on}", what, "Add measured_on=val")
        directions(plan.search.metrics)


def conduct(
    arguments: Sequence[str], params: Mapping[str, str], settings: Mapping[str, Any], launch: Launch
) -> int:
    """Search every condition; return the exit code, 4 if a trial of this command failed."""
    space = read_search_space(arguments, params)
    begun: list[Plan] = []
    target = "softcord.sweep.search_settings.SearchSettings"
    how: SearchSettings = build({"_target_": target, **settings}, "hydra.sweeper")
    progress = Progress([], how.n_trials * len(space.conditions))

    def launch_and_note(batch: Sequence[Overrides], first: int) -> list[Any]:
        plans = labelled([make_plan(compose(*overrides)) for overrides in batch])
        begun.extend(plans)
        before = attempts_at(plans)
        progress.next_batch(plans)
        with showing(progress):
            returned = launch(batch, first)
        for plan, one in zip(plans, returned, strict=True):
            if one is None:
                _note_if_killed(plan, before)
        return returned

    try:
        plans = apart([make_plan(compose(*condition)) for condition in space.conditions])
        for condition, plan in zip(space.conditions, plans, strict=True):
            _search(condition, plan, space, how, launch_and_note, progress)
    finally:
        n_failed = say_failed(begun)
    return STUDY if n_failed else DONE


def _note_if_killed(plan: Plan, before: "Attempts") -> None:
    """Record the failure of a trial whose process was killed, which could not do so itself."""
    stopped, _ = without_end([plan], before)
    if stopped:
        note_failure(plan, RunError("its process", "was killed", "Look for a lack of memory or time"))


def _search(
    condition: Overrides,
    plan: Plan,
    space: SearchSpace,
    settings: SearchSettings,
    launch: Launch,
    progress: Progress,
) -> None:
    name = search_name(plan)
    objectives = directions(plan.search.metrics)
    database = database_of(plan)
    with open_search(database, name, objectives, settings, _context(plan, space)) as study:
        _warn_if_forgotten(plan, name, study, database)
        logger.info("%s: %d of %d trials finished", name, n_finished(study), settings.n_trials)

        def count() -> None:
            progress.behind[name] = min(n_finished(study), settings.n_trials)

        def run(trials: list[Trial]) -> list[Any]:
            count()
            whose = as_overrides({"search.name": name, "search.database": f"'{database}'"})
            batch = [
                (*condition, *as_overrides(one.values), *whose, f"search.trial={one.number}")
                for one in trials
            ]
            _remember(plan.study_dir, batch, settings.n_trials * len(space.conditions))
            return launch(batch, trials[0].number)

        try:
            run_search(study, space.parameters, settings, run)
        finally:
            count()
            _record(replace(plan, search=replace(plan.search, name=name)), study)
    _show(plan, study)


def _warn_if_forgotten(plan: Plan, name: str, study: "optuna.Study", database: str) -> None:
    """Say that the database lacks trials whose runs are there: it was removed, and the search starts anew."""
    runs = [run for run in read_study(plan.study_dir) if f"search.name={name}" in run.overrides]
    if runs and not study.get_trials(deepcopy=False):
        what = "%s: %d trials have runs in %s, but %s knows none of them: the search starts anew"
        logger.warning(what, name, len(runs), plan.study_dir, database)


def _remember(study_dir: Path, batch: Sequence[Overrides], n_trials: int) -> None:
    """Add trials to the command that asks for them, so that the study says what to repeat.

    The command takes the place of an earlier one on the same search, which differs in how to search.
    """
    typed = tuple(sys.argv[1:])  # as Hydra reads it
    names = {word for overrides in batch for word in overrides if word.startswith("search.name=")}
    given = [
        command
        for command in read_commands(study_dir)
        if command.arguments == typed or any(names & set(one.overrides) for one in command.runs)
    ]
    earlier = [one for command in given for one in command.runs]
    with naming(study_dir):
        new = [planned(plan) for plan in labelled([make_plan(compose(*overrides)) for overrides in batch])]
        record_command(study_dir, typed, {one.config_hash: one for one in earlier + new}.values(), n_trials)


def search_name(plan: Plan) -> str:
    """Return the search's name in Optuna's database: the study's, the condition's method and seed."""
    return f"{plan.study}/{plan.method}_s{plan.seed}"


def database_of(plan: Plan) -> str:
    """Return the URL of Optuna's database."""
    return plan.search.database or f"sqlite:///{plan.paths.store_dir.resolve() / 'optuna.db'}"


def _context(plan: Plan, space: SearchSpace) -> str:
    """Hash of all that determines a trial's result besides what is searched."""
    kept = about_results(plan.config)
    for key in space.parameters:
        group, _, name = key.partition(".")
        if isinstance(kept.get(group), dict) and name:
            kept[group] = {one: value for one, value in kept[group].items() if one != name.split(".")[0]}
        else:
            kept.pop(group, None)
    return digest([kept, plan.choices["data"]])


def _record(plan: Plan, study: "optuna.Study") -> None:
    """Write the table of trials and the figures beside the results and into the store."""
    if not n_finished(study):
        return
    record = search_record(plan)
    folder = folder_of(plan)
    write_table(folder / "trials.csv", trials_table(study))
    for name, figure in search_figures(study, _labels(plan)).items():
        write_bytes(folder / file_name(name, ".png"), figure_bytes(figure, "png", dpi=120))
    best = best_trials(study)
    metrics = {f"best/{name}": value for name, value in _best_values(study).items()}
    show_outcome(record, metrics, folder)
    describe_study(record, _description(plan, study, best))


def folder_of(plan: Plan) -> Path:
    """Return where a search's table and figures lie."""
    return plan.study_dir / "search" / file_name(f"{plan.method}_s{plan.seed}")


def _labels(plan: Plan) -> list[str]:
    words = {"val": "validation", "test": "test"}[plan.measured_on]
    return [f"{METRICS[name].label}, {words}" for name in plan.search.metrics]


def _best_values(study: "optuna.Study") -> dict[str, float]:
    found = study.best_trials
    names = study.metric_names or []
    return dict(zip(names, found[0].values, strict=True)) if len(found) == 1 else {}


def _description(plan: Plan, study: "optuna.Study", best: list[Trial]) -> str:
    table = trials_table(study).head(10)
    return "\n".join(
        [
            f"**Search** `{study.study_name}`: {', '.join(_labels(plan))}",
            "",
            f"- {n_finished(study)} trials finished or pruned; figures and all trials are artifacts",
            *(f"- best: `{' '.join(as_overrides(one.values))}` (trial {one.number})" for one in best[:5]),
            "",
            markdown(table.round(4)),
        ]
    )


def _show(plan: Plan, study: "optuna.Study") -> None:
    table = trials_table(study)
    pruned = int((table["state"] == "pruned").sum())
    title = (
        f"{study.study_name}: {n_finished(study)} trials, {pruned} of them pruned; {', '.join(_labels(plan))}"
    )
    show_table(table.head(10).round(4), title)
    best = best_trials(study)
    if all_alike(study):
        show("\nbest       none: all trials have the same value, as when no net finds a cord; train longer")
    elif best:
        show(f"\nbest       {' '.join(as_overrides(best[0].values))}   (trial {best[0].number})")
    show(f"figures    {folder_of(plan)}/")
    show(f"dashboards softcord ui; optuna-dashboard {database_of(plan)}")
