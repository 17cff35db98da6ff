"""One run from data to its complete record: train, predict, measure, log."""

import logging
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import yaml

from softcord.app.config.plan import Plan, jobs_of
from softcord.app.config.settings_of import told_settings
from softcord.app.console.progress import phase
from softcord.app.engine import Segment, engine_of
from softcord.app.engines.model_description import trained_on
from softcord.app.inputs.training_data import Dataset, log_counts
from softcord.app.records.leakage import warn_of_leakage
from softcord.app.records.method_labels import method_labels
from softcord.app.records.missing_images import write_missing
from softcord.app.records.people import write_people
from softcord.app.records.provenance import environment_text, provenance
from softcord.app.records.record import recorded
from softcord.app.records.store import log_inputs, log_results, log_study
from softcord.app.results.soft_values import keep_soft_values
from softcord.app.runs.csa_intervals import with_csa_intervals
from softcord.app.sweeps.trial import search_record, watch
from softcord.data.bids import file_state
from softcord.data.filehash import content_hash, known_hashes
from softcord.data.leakage import check_images_apart
from softcord.data.splits import SIDES, write_split
from softcord.evaluation.ground_truth import ground_truth_measures
from softcord.evaluation.image import EvaluationImage
from softcord.evaluation.measure import Wanted, measure_masks
from softcord.hints import counted
from softcord.io.files import write_json, write_text
from softcord.io.tables import write_table
from softcord.measure.table import write_measures
from softcord.predict.write import describe_derivatives, predictions_of
from softcord.sweep.folder import (
    CONFIG,
    ENVIRONMENT,
    MEASURES,
    OVERRIDES,
    PREDICTIONS,
    PROVENANCE,
    SPLIT,
    TEST_IMAGES,
    TRAINED_ON,
)
from softcord.sweep.ledger import Run, note
from softcord.track.outbox import store_may_fail
from softcord.track.store import open_store, open_study

logger = logging.getLogger("softcord")


def bring_to_end(plan: Plan, dataset: Dataset, run: Run, run_dir: Path) -> None:
    """Train, predict and measure; leave the results in ``run_dir`` and in the store, marked complete last."""
    _write_inputs(plan, dataset, run_dir)
    log_counts(dataset)
    # Every image is looked at before training, so that a bad one is not found at the end.
    engine = engine_of(plan)
    training = engine.prepare(plan, dataset)
    images = test_images(dataset.test)
    _check_leakage(plan, dataset, run_dir)
    parent = (
        search_record(plan) if plan.search.name else open_study(open_store(plan.paths.store_dir), plan.study)
    )
    with recorded(run_dir, run, parent) as entry:
        log_inputs(plan, dataset, run, run_dir, entry)
        segment = training(run_dir, entry, watch(plan, images, entry))
        measures, missing = _evaluate(plan, dataset, images, run, run_dir, segment)
        write_missing(run_dir, dataset.test, missing)
        log_results(plan, dataset, measures, run_dir, entry, engine.how(plan))
    with store_may_fail("the study's page"):
        log_study(plan, parent)
    logger.info("%s is complete: %s", run.name, run_dir)


def _check_leakage(plan: Plan, dataset: Dataset, run_dir: Path) -> None:
    """Refuse images on two sides, and warn of test images that the starting model was trained on.

    Leaves the list of all that the model will have seen beside the results.
    """
    cache_dir = plan.paths.data_dir / "cache"
    hashes = known_hashes(cache_dir)
    trained = trained_on(plan, dataset, plan.contrasts)
    write_json(run_dir / TRAINED_ON, [asdict(one) for one in trained])

    def sha256(path: str) -> str:
        return content_hash(path, cache_dir, hashes)

    is_tested = plan.measured_on == "test"  # else the images to measure are those that validate
    sides = SIDES if is_tested else ("train", "val")
    check_images_apart({side: getattr(dataset, side)["image"] for side in sides}, sha256)
    parts = zip(dataset.parts or (dataset,), plan.for_each_dataset(), strict=True)
    for part, one in parts if is_tested else ():
        images = zip(part.test["participant_id"], part.test["image"], strict=True)
        warn_of_leakage(plan.method, trained, images, one.data, sha256)


def _write_inputs(plan: Plan, dataset: Dataset, run_dir: Path) -> None:
    text = yaml.safe_dump(dict(plan.config), sort_keys=False, allow_unicode=True)
    write_text(run_dir / CONFIG, text)
    write_text(run_dir / OVERRIDES, "\n".join(plan.overrides) + "\n")
    write_split(run_dir / SPLIT, dataset.split)
    write_people(run_dir, dataset.participants, dataset.sessions)
    chosen = {"baseline": plan.choices["baseline"], "modified": " ".join(plan.modified)}
    chosen["settings"] = told_settings(plan)
    write_json(run_dir / PROVENANCE, {**chosen, **provenance()})
    write_text(run_dir / ENVIRONMENT, environment_text())
    columns = ["participant_id", "session_id", "contrast", "image", "label", "discs"]
    write_table(run_dir / TEST_IMAGES, dataset.test[columns])


def _evaluate(
    plan: Plan, dataset: Dataset, images: list[EvaluationImage], run: Run, run_dir: Path, segment: Segment
) -> tuple[pd.DataFrame, dict[Path, str]]:
    """Predict and measure; return the rows of measures.csv, which are written, and whom they miss why."""
    predictions = run_dir / PREDICTIONS
    for folder in {predictions_of(predictions, image.participant_id) for image in images}:
        describe_derivatives(folder, f"softcord predictions of {run.name}", {"Run": run.name})
    predicted = _with_a_model(plan, images)
    logger.info("predicting and measuring %s", counted(len(predicted), f"{plan.measured_on} image"))
    note(run_dir, "predicting", 1.0)
    with phase("prediction", len(predicted)) as on_done:
        masks = segment(predicted, predictions, on_done)
    with phase("measures", len(predicted)) as on_done:
        measured = measure_masks(
            masks,
            predicted,
            predictions,
            Wanted(plan.levels, plan.tails, plan.metrics, soft_values=True),
            labels={"run": run.name, **method_labels(plan)},
            jobs=jobs_of(plan),
            on_done=on_done,
        )
    measures = measured.rows
    if plan.uncertainty:
        measures = with_csa_intervals(plan, test_images(dataset.val), run_dir, segment, measures)
    with phase("measures of the ground truth", 0):
        truth = ground_truth_measures(
            images, plan.levels, run.name, reference=plan.reference, tails=plan.tails, jobs=jobs_of(plan)
        )
    measures = pd.concat([measures, truth], ignore_index=True)
    write_measures(run_dir / MEASURES, measures)
    keep_soft_values(run_dir, measured.soft_values)
    return measures, measured.missing


def _with_a_model(plan: Plan, images: list[EvaluationImage]) -> list[EvaluationImage]:
    """Leave out images of contrasts that the method is not for, and name those that are new to it."""
    lacking = engine_of(plan).without_masks(plan, images)
    tested = [image for image in images if image.contrast not in lacking]
    if lacking:
        left_out = ", ".join(lacking)
        n_left_out = len(images) - len(tested)
        logger.warning("%s makes no masks of %s: %d images not tested", plan.method, left_out, n_left_out)
    unseen = dict.fromkeys(one.contrast for one in tested if one.contrast not in plan.contrasts)
    if unseen and plan.engine.trains_on_images:
        names = ", ".join(unseen)
        logger.info("tested also on contrasts that it was not trained on: %s (see tested_contrasts)", names)
    return tested


def test_images(table: pd.DataFrame) -> list[EvaluationImage]:
    """Return the rows of an index, with the columns ``label`` and ``truth_csa_mm2``, as test images."""
    return [
        EvaluationImage(
            participant_id=row["participant_id"],
            session_id=row["session_id"],
            contrast=row["contrast"],
            image=Path(row["image"]),
            reference=Path(row["label"]),
            hard_seg=_if_present(row["hard_seg"]),
            discs=_if_present(row["discs"]),
            truth_csa_mm2=None if pd.isna(row["truth_csa_mm2"]) else row["truth_csa_mm2"],
        )
        for row in table.to_dict("records")
    ]


def _if_present(path: str | None) -> Path | None:
    return Path(path) if path and file_state(path) == "present" else None
