"""Search hyper-parameters with Optuna: the only module that imports it.

A search lives in a database, so repeating it is resuming it: ``n_trials`` is the total of finished and pruned
trials over all starts, and a trial that was killed is tried again with the same values.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
import optuna
import pandas as pd
from filelock import FileLock, Timeout
from matplotlib import pyplot
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState
from optuna.visualization import matplotlib as draw

from softcord.compat.optuna import trial_of
from softcord.errors import PrunedError, RunError, SettingError, StudyError, UsageError
from softcord.io.names import file_name
from softcord.remedies import Remedy
from softcord.sweep.search_settings import Direction, Outcome, Pruner, Sampler, SearchSettings, Trial

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Attributes of a search in Optuna's database.
_CONTEXT, _PRUNER = "softcord.context", "softcord.pruner"
_SAMPLERS: Mapping[Sampler, str] = {
    "tpe": "TPESampler",
    "gp": "GPSampler",
    "cmaes": "CmaEsSampler",
    "random": "RandomSampler",
    "qmc": "QMCSampler",
    "nsgaii": "NSGAIISampler",
}
_FOR_SEVERAL_OBJECTIVES = ("tpe", "gp", "random", "qmc", "nsgaii")


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included; ``log`` draws their logarithm evenly."""

    low: float
    high: float
    log: bool = False
    step: float | None = None

    @property
    def ends(self) -> tuple[float | int, ...]:
        """The values at which every setting that uses the parameter is checked."""
        return (self.low, self.high)

    def distribution(self) -> optuna.distributions.BaseDistribution:
        """Return Optuna's description of the range."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return IntDistribution(self.low, self.high, log=self.log, step=int(self.step or 1))
        return FloatDistribution(self.low, self.high, log=self.log, step=self.step)


@dataclass(frozen=True)
class Options:
    """One of several words, in the command line's spelling."""

    options: tuple[str, ...]

    @property
    def ends(self) -> tuple[str, ...]:
        """All of them."""
        return self.options

    def distribution(self) -> optuna.distributions.BaseDistribution:
        """Return Optuna's description of the options."""
        return CategoricalDistribution(self.options)


Parameter = Range | Options
RunTrials = Callable[[list[Trial]], Sequence[Outcome | None]]


@contextmanager
def open_search(
    database: str, name: str, objectives: Mapping[str, Direction], settings: SearchSettings, context: str
) -> Iterator["optuna.Study"]:
    """Find or create the search ``name`` and hold it for this process.

    Args:
        database: URL for SQLAlchemy, such as ``sqlite:////home/me/mlruns/optuna.db``.
        name: of the search in the database.
        objectives: what is optimised, and which way.
        settings: how to search.
        context: a hash of all else that determines a trial's result.

    Raises:
        RunError: another process searches under this name.
        UsageError: the search was begun with other objectives or settings.
    """
    _check_sampler(settings, len(objectives))
    with _claimed(database, name):
        study = optuna.create_study(
            study_name=name,
            storage=_storage(database),
            directions=list(objectives.values()),
            sampler=_sampler(settings, 0),
            load_if_exists=True,
        )
        study.sampler = _sampler(settings, len(study.trials))
        begun = study.user_attrs.get(_CONTEXT)
        if begun is None:
            study.set_metric_names(list(objectives))
            study.set_user_attr(_CONTEXT, context)
        elif begun != context or study.metric_names != list(objectives):
            what = "was begun with other settings or objectives, and its trials cannot be mixed with new ones"
            raise UsageError(f"search {name}", what, Remedy.NEW_SEARCH)
        study.set_user_attr(_PRUNER, settings.pruner)
        yield study


def _check_sampler(settings: SearchSettings, n_objectives: int) -> None:
    if n_objectives > 1 and settings.sampler not in _FOR_SEVERAL_OBJECTIVES:
        hint = f"Use one of {', '.join(_FOR_SEVERAL_OBJECTIVES)}"
        raise SettingError(
            "SearchSettings", "sampler", f"{settings.sampler} optimises one objective only", hint
        )


@contextmanager
def _claimed(database: str, name: str) -> Iterator[None]:
    """Hold a search: a second sweeper would take this one's running trials for dead."""
    folder = Path(database.removeprefix("sqlite:///")).parent if database.startswith("sqlite") else Path()
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f".search-{file_name(name)}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RunError(
            f"search {name}", "is being run by another process", "Wait for it, or stop it"
        ) from None
    try:
        yield
    finally:
        lock.release()


def run_search(
    study: optuna.Study, space: Mapping[str, Parameter], settings: SearchSettings, run: RunTrials
) -> int:
    """Run trials in batches of ``n_jobs`` until ``n_trials`` are finished or pruned; return how many ran.

    ``run`` gets a batch and returns each trial's outcome, None for one that failed.

    Raises:
        StudyError: more than ``max_failures`` trials failed since the start.
    """
    _requeue_killed(study)
    distributions = {key: parameter.distribution() for key, parameter in space.items()}
    ran = failures = 0
    while (missing := settings.n_trials - n_finished(study)) > 0:
        asked = [study.ask(distributions) for _ in range(min(missing, settings.n_jobs))]
        outcomes = run([Trial(one.number, dict(one.params)) for one in asked])
        for trial, outcome in zip(asked, outcomes, strict=True):
            if outcome is None:
                failures += 1
                study.tell(trial.number, state=TrialState.FAIL)
            elif outcome.pruned:
                study.tell(trial.number, state=TrialState.PRUNED)
            else:
                study.tell(trial.number, list(outcome.values))
        ran += len(asked)
        if failures > settings.max_failures:
            raise StudyError(f"search {study.study_name}", f"{failures} trials failed", "Their logs say why")
    return ran


def n_finished(study: optuna.Study) -> int:
    """Return how many trials are finished or pruned."""
    return len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)))


def _requeue_killed(study: optuna.Study) -> None:
    """Try again what was running when the last start ended: nobody else may be running it now."""
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        if trial.params:
            study.enqueue_trial(trial.params, user_attrs={"again": trial.number})
        study.tell(trial.number, state=TrialState.FAIL)


def watch_trial(database: str, name: str, number: int) -> Callable[[int, float], None] | None:
    """Return what a trial reports its objective to after an epoch; it raises PrunedError to stop the trial.

    None where nothing is to be reported: the search has several objectives or no pruner, or the trial is
    over (its run is being repeated by hand).
    """
    study = optuna.load_study(
        study_name=name, storage=_storage(database), sampler=optuna.samplers.RandomSampler()
    )
    pruner = study.user_attrs.get(_PRUNER, "none")
    frozen = study.trials[number]
    if len(study.directions) > 1 or pruner == "none" or frozen.state.is_finished():
        return None
    study.pruner = _pruner(pruner)
    trial = trial_of(study, frozen)

    def report(epoch: int, value: float) -> None:
        trial.report(value, epoch)
        if trial.should_prune():
            raise PrunedError(f"trial {number} of {name} was pruned after epoch {epoch}")

    return report


def _storage(database: str) -> optuna.storages.RDBStorage:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # Workers report while the sweeper writes: each waits for its turn.
    waiting = {"connect_args": {"timeout": 60}} if database.startswith("sqlite") else {}
    return optuna.storages.RDBStorage(database, engine_kwargs=waiting)


def _sampler(settings: SearchSettings, n_trials: int) -> optuna.samplers.BaseSampler:
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    kind: Any = getattr(optuna.samplers, _SAMPLERS[settings.sampler])
    # A sampler seeded alike at each start would draw the first values again. QMC counts in the database.
    is_sequence = settings.sampler == "qmc"
    words = [settings.seed] if is_sequence else [settings.seed, n_trials]
    seed = int(np.random.SeedSequence(words).generate_state(1)[0])
    more: dict[str, Any] = {"scramble": True} if is_sequence else {}
    if settings.sampler == "tpe":
        # Trials of one batch keep away from each other.
        more = {"constant_liar": settings.n_jobs > 1, "multivariate": True}
    sampler: optuna.samplers.BaseSampler = kind(seed=seed, **more)
    return sampler


def _pruner(name: Pruner) -> optuna.pruners.BasePruner:
    if name == "hyperband":
        return optuna.pruners.HyperbandPruner()
    return optuna.pruners.MedianPruner() if name == "median" else optuna.pruners.NopPruner()


def trials_table(study: optuna.Study) -> pd.DataFrame:
    """Return a row per trial: trial, state, epochs reported, objectives, parameters; the best first."""
    names = _names(study)
    rows = [
        {
            "trial": trial.number,
            "state": trial.state.name.lower(),
            "reports": len(trial.intermediate_values),
            **dict(zip(names, trial.values or [], strict=False)),
            **trial.params,
        }
        for trial in study.get_trials(deepcopy=False)
    ]
    table = pd.DataFrame(rows, columns=None if rows else ["trial", "state", "reports", *names])
    # A pruned trial's value is its last report, which is no result.
    table.loc[table["state"] != "complete", [name for name in names if name in table]] = np.nan
    ups = [direction.name == "MINIMIZE" for direction in study.directions]
    return table.sort_values([name for name in names if name in table] or ["trial"], ascending=ups or True)


def best_trials(study: optuna.Study) -> list[Trial]:
    """Return the best trial, or with several objectives those that none surpasses; none before the first."""
    return [Trial(trial.number, trial.params) for trial in study.best_trials]


def all_alike(study: optuna.Study) -> bool:
    """Say whether several trials are finished and all have the same values, so that none of them is best."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return len(complete) > 1 and len({tuple(trial.values) for trial in complete}) == 1


def search_figures(study: optuna.Study, labels: Sequence[str]) -> dict[str, "Figure"]:
    """Draw history, contour and parameter importance of each objective, and the Pareto front of several.

    What cannot be drawn yet (the importance from a single trial, the contour of one parameter) is left out.
    """
    matplotlib.use("Agg")

    warnings.filterwarnings("ignore", module=r"optuna\..*")
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    several = len(labels) > 1
    axes: dict[str, Any] = {}
    for i, label in enumerate(labels):
        values = [trial.values[i] for trial in complete if np.isfinite(trial.values[i])]
        if not values:
            continue
        about: dict[str, Any] = {"target_name": label}
        if several:
            about["target"] = lambda trial, i=i: trial.values[i]
        suffix = f"_{study.metric_names[i]}" if several and study.metric_names else ""
        axes[f"history{suffix}"] = draw.plot_optimization_history(study, **about)
        if len(complete[0].params) > 1 and len(set(values)) > 1:
            axes[f"contour{suffix}"] = draw.plot_contour(study, **about)
        if len(set(values)) > 3:
            axes[f"importance{suffix}"] = draw.plot_param_importances(study, **about)
    if several and complete:
        axes["pareto_front"] = draw.plot_pareto_front(study, target_names=list(labels))
    elif any(trial.intermediate_values for trial in study.get_trials(deepcopy=False)):
        axes["pruning"] = draw.plot_intermediate_values(study)
        axes["pruning"].set(xlabel="epoch", ylabel=labels[0], title="Objective after each validation")
    figures = {name: np.ravel(drawn)[0].figure for name, drawn in axes.items()}
    for figure in figures.values():
        pyplot.close(figure)
    return figures


def _names(study: optuna.Study) -> list[str]:
    return list(study.metric_names or ["value"])
