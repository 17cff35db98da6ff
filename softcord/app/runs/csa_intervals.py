"""Intervals of a run's soft CSA: ``uncertainty=true``, calibrated on the validation participants."""

import logging
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from softcord.app.config.plan import Plan, jobs_of
from softcord.app.console.progress import phase
from softcord.app.engine import Segment
from softcord.errors import DataError
from softcord.evaluation.image import EvaluationImage, Masks, name_missing
from softcord.evaluation.measure import Wanted, measure_masks
from softcord.predict.write import describe_derivatives, predictions_of
from softcord.sweep.folder import CSA_INTERVAL, VALIDATION
from softcord.uncertainty.coverage import coverage, held_references
from softcord.uncertainty.interval import with_intervals, write_calibration
from softcord.uncertainty.measured import calibrate_rows, model_of
from softcord.uncertainty.paths import uncertainty_path

logger = logging.getLogger("softcord")


def with_csa_intervals(
    plan: Plan,
    images: Sequence[EvaluationImage],
    run_dir: Path,
    segment: Segment,
    measures: pd.DataFrame,
) -> pd.DataFrame:
    """Add an interval to each soft CSA of measures.csv whose doubt is known; leave the calibration behind.

    Args:
        plan: the run.
        images: those of the validation participants, with the masks that the net learnt to make.
        run_dir: the run's folder, with its package.
        segment: what makes masks and, beside them, the maps of how sure they are.
        measures: the rows of the test images.
    """
    folder, name = run_dir / VALIDATION, run_dir.name
    for place in {predictions_of(folder, one.participant_id) for one in images}:
        describe_derivatives(place, f"softcord predictions of {name}", {"Run": name})
    with phase("calibration", len(images)) as on_done:
        masks = segment(images, folder, on_done)
    wanted, labels = Wanted(plan.levels, plan.tails), {"run": name, "method": plan.method}
    try:
        known = measure_masks(masks, images, folder, wanted, labels=labels, jobs=jobs_of(plan))
        for line in name_missing(known.missing):
            logger.warning("%s; intervals of CSA are for masks that can be measured", line)
        made_on = f"validation participants of {name}"
        made = calibrate_rows(known.rows, models_of(masks), made_on, len(known.missing))
    except DataError as error:
        logger.warning("no interval of CSA, its doubt alone: %s", error)
        return measures
    write_calibration(run_dir / CSA_INTERVAL, made)
    measures = with_intervals(measures, made)
    held = held_references(measures)
    said = "nobody tested has one and a reference to hold it against"
    if len(held):
        found = coverage(held["inside"], held["participant_id"])
        said = f"of those tested they hold the reference's area in {found}"
    who = "%.0f %% intervals of CSA, by %d validation participants; %s"
    logger.info(who, 100 * made.coverage, made.participants, said)
    return measures


def models_of(masks: Masks) -> tuple[str, ...]:
    """Return the checksums of the models that made the masks: one, or one for each contrast."""
    known = {model_of(uncertainty_path(mask.path)) for mask in masks.found.values()}
    return tuple(sorted(known - {""}))
