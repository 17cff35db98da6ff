"""A run's part in a search: report the objective after each validation, return it at the end."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from softcord.app.config.plan import Plan
from softcord.app.sweeps.objective import objective
from softcord.evaluation.run import evaluate
from softcord.measure.table import read_measures
from softcord.sweep.folder import MEASURES
from softcord.sweep.search import watch_trial
from softcord.sweep.search_settings import Outcome
from softcord.track.store import RunRecord, StudyRecord, open_group, open_store, open_study

if TYPE_CHECKING:
    from softcord.app.engine import AfterEpoch, Predict
    from softcord.evaluation.image import EvaluationImage


def search_record(plan: Plan) -> StudyRecord:
    """Open a search's own run in the store, under which its trials are."""
    study = open_study(open_store(plan.paths.store_dir), plan.study)
    return open_group(study, f"search {str(plan.search.name).rpartition('/')[2]}", "search")


def outcome(plan: Plan, run_dir: Path) -> Outcome | None:
    """Return the objective of a complete run that is a trial of a search; None for any other run."""
    if plan.search.trial is None:
        return None

    return Outcome(objective(plan, read_measures(run_dir / MEASURES)))


def watch(plan: Plan, images: "Sequence[EvaluationImage]", entry: RunRecord) -> "AfterEpoch | None":
    """Return what measures the objective after an epoch and tells the search; None outside of one.

    It raises PrunedError where the search gives the trial up. Only epochs with a validation count, and not
    the last one, whose result counts in full.
    """
    search, settings = plan.search, plan.train
    if search.trial is None or search.name is None or search.database is None:
        return None
    report = watch_trial(search.database, search.name, search.trial)
    if report is None:
        return None
    every = min(settings.validate_every_epochs, settings.epochs)

    def after(epoch: int, predict: "Predict") -> None:
        done = epoch + 1
        if done % every == 0 and done < settings.epochs:
            (value,) = _measure(plan, images, predict)
            entry.metrics({f"{plan.measured_on}/{plan.search.metrics[0]}": value}, epoch)
            report(epoch, value)

    return after


def _measure(plan: Plan, images: "Sequence[EvaluationImage]", predict: "Predict") -> tuple[float, ...]:
    labels = {"run": plan.method, "method": plan.method}
    with TemporaryDirectory() as folder:
        measures = evaluate(
            predict, images, Path(folder), levels=plan.levels, tails=plan.tails, labels=labels
        )
    return objective(plan, measures)
