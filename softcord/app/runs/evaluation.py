"""One trained method on one dataset: predict, measure where there is ground truth, and record."""

import logging
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path

import pandas as pd
import yaml

from softcord.app.config.plan import Plan, jobs_of
from softcord.app.console.progress import phase
from softcord.app.engines.load import load_trained
from softcord.app.inputs.test_data import EvaluationData, without_damaged_labels
from softcord.app.models.trained import Trained
from softcord.app.own.folders import config_dir
from softcord.app.records.leakage import warn_of_leakage
from softcord.app.records.missing_images import write_missing
from softcord.app.records.people import write_people
from softcord.app.records.provenance import environment_text, provenance
from softcord.app.records.record import recorded
from softcord.app.records.store import means
from softcord.app.results.qc_page import write_qc_page
from softcord.app.results.soft_values import keep_soft_values
from softcord.app.runs.training import test_images
from softcord.data.filehash import content_hash, known_hashes
from softcord.errors import DataError
from softcord.evaluation.ground_truth import ground_truth_measures
from softcord.evaluation.image import EvaluationImage, Mask, Masks
from softcord.evaluation.image_values import SoftValues
from softcord.evaluation.measure import Wanted, measure_masks
from softcord.hints import counted
from softcord.io.files import write_json, write_text
from softcord.io.tables import write_table
from softcord.measure.level_text import format_levels
from softcord.measure.table import measures_frame, write_measures
from softcord.predict.write import describe_derivatives, softseg_path
from softcord.sweep.folder import (
    CONFIG,
    ENVIRONMENT,
    MEASURES,
    OVERRIDES,
    PREDICTIONS,
    PROVENANCE,
    QC_PAGE,
    TEST_IMAGES,
    TRAINED_ON,
)
from softcord.sweep.ledger import Run, note
from softcord.track.store import RunRecord, open_store, open_study

logger = logging.getLogger("softcord")

# What of the configuration says how images are tested; the rest describes a training, and that was another.
_KEPT = (
    *("data", "phantom", "split", "study", "levels", "tails", "tested_contrasts"),
    *("machine", "paths", "evaluate"),
)


@dataclass(frozen=True)
class Evaluation:
    """One trained method on one dataset; ``plan`` is :func:`softcord.app.verbs.evaluate.as_tested`'s."""

    plan: Plan
    trained: Trained
    data: EvaluationData

    @property
    def labels(self) -> dict[str, str]:
        """Columns of measures.csv that say which method this is."""
        return {**self.trained.labels, "method": self.plan.method}


def bring_to_end(test: Evaluation, run: Run, run_dir: Path) -> None:
    """Predict, measure and record; leave the results in ``run_dir`` and in the store, complete last."""
    plan = test.plan
    test = replace(test, data=without_damaged_labels(test.data, jobs_of(plan)))
    images = test.data.images
    _write_inputs(test, run_dir)
    _warn_of_leakage(test)
    with recorded(run_dir, run, open_study(open_store(plan.paths.store_dir), plan.study)) as entry:
        entry.tag(_tags(test, run))
        for name in (CONFIG, OVERRIDES, ENVIRONMENT):
            entry.artifact(run_dir / name)
        masks = _predict(test, run, run_dir)
        measures, values = _measure(test, run, run_dir, masks)
        write_missing(run_dir, images, masks.missing)
        write_measures(run_dir / MEASURES, measures)
        keep_soft_values(run_dir, values)
        predicted = images[images["image"].map(lambda image: Path(image) in masks.found)]
        _write_qc(test, run_dir, predicted, measures)
        _log_results(test, run_dir, measures, entry)
    measured = int(predicted["label"].notna().sum())
    what = f"{measured} measured" if measured else "no ground truth, so nothing measured"
    done = f"{len(predicted)} of {counted(len(images), 'image')} predicted, {what}"
    logger.info("%s: %s; look at %s", run.name, done, run_dir / QC_PAGE)


def _write_inputs(test: Evaluation, run_dir: Path) -> None:
    config = {key: test.plan.config[key] for key in _KEPT} | {"reference": test.data.reference}
    if test.plan.choices["data"] != "phantom":
        del config["phantom"]
    if test.plan.evaluate.participants == "all":  # whatever the split would say
        config["split"] = yaml.safe_load((config_dir() / "split/all_test.yaml").read_text(encoding="utf-8"))
    write_text(run_dir / CONFIG, yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
    write_text(run_dir / OVERRIDES, "\n".join(test.plan.overrides) + "\n")
    write_text(run_dir / ENVIRONMENT, environment_text())
    write_people(run_dir, test.data.participants, test.data.sessions)
    models = {contrast: str(path) for contrast, path in test.trained.models.items()}
    content = {"models": models, "dataset_identity": test.data.identity, **provenance()}
    write_json(run_dir / PROVENANCE, content)
    write_json(run_dir / TRAINED_ON, [asdict(one) for one in test.trained.trained_on])


def _tags(test: Evaluation, run: Run) -> dict[str, object]:
    return {
        **test.labels,
        "study": test.plan.study,
        "data": test.plan.data.name,
        "dataset_identity": test.data.identity,
        "reference": test.data.reference or "none",
        "models": " ".join(str(path) for path in test.trained.models.values()),
        "fingerprint": run.fingerprint,
        "overrides": " ".join(run.overrides),
        **{f"provenance.{key}": value for key, value in provenance().items()},
    }


def _warn_of_leakage(test: Evaluation) -> None:
    """Say whom of the tested the model has seen; the report says it again."""
    cache = test.plan.paths.data_dir / "cache"
    hashes = known_hashes(cache)
    warn_of_leakage(
        test.plan.method,
        test.trained.trained_on,
        zip(test.data.images["participant_id"], test.data.images["image"], strict=True),
        test.plan.data,
        lambda path: content_hash(path, cache, hashes),
    )


def _predict(test: Evaluation, run: Run, run_dir: Path) -> Masks:
    """Predict every image that a model is for and that was not predicted yet; return their masks."""
    predictions, model_of = run_dir / PREDICTIONS, test.plan.evaluate.stand_ins
    describe_derivatives(predictions, f"softcord predictions of {run.name}", {"Run": run.name})
    contrast_of = {Path(row["image"]): row["contrast"] for row in test.data.images.to_dict("records")}
    missing = {
        image: f"no model is for {contrast}. evaluate.model_of names one"
        for image, contrast in contrast_of.items()
        if test.trained.model_for(contrast, model_of) is None
    }
    masks = {image: softseg_path(predictions, image) for image in contrast_of if image not in missing}
    wanted = {image: contrast_of[image] for image, mask in masks.items() if not mask.exists()}
    numbers = count(1)
    with phase("prediction", len(wanted)) as on_done:

        def predicted(name: str) -> None:
            n = next(numbers)
            note(run_dir, f"predicted {n} of {len(wanted)} images", n / len(wanted))
            on_done(name)

        missing |= load_trained(test.plan, test.trained, run_dir)(wanted, predicted)
    found = {image: Mask(mask) for image, mask in masks.items() if mask.exists()}
    if not found:
        why = next(iter(missing.values()), "there is none")
        raise DataError(test.plan.data.root, f"no image could be predicted: {why}")
    return Masks(found, missing)


def _measure(
    test: Evaluation, run: Run, run_dir: Path, masks: Masks
) -> tuple[pd.DataFrame, SoftValues | None]:
    """Return the rows of measures.csv, of the images with ground truth and of that, and the masks' values."""
    images = _measurable(test)
    if test.data.reference is None:
        return measures_frame([]), None
    with phase("measures", len(images)) as on_done:
        measured = measure_masks(
            masks,
            images,
            run_dir / PREDICTIONS,
            Wanted(test.plan.levels, test.plan.tails, test.plan.metrics, soft_values=True),
            labels={"run": run.name, **test.labels},
            jobs=jobs_of(test.plan),
            on_done=on_done,
        )
    masks.missing.update(measured.missing)
    with phase("measures of the ground truth", 0):
        truth = ground_truth_measures(
            images, test.plan.levels, run.name, reference=test.data.reference, tails=test.plan.tails
        )
    # Levels that no image of the dataset shows were not missed by anybody: they have no rows.
    shown = truth.loc[truth["value"].notna(), "level"].unique()
    measures = measured.rows
    is_of_level = measures["level"].str.fullmatch(r"[0-9:,]+")
    measures = measures[~is_of_level | measures["level"].isin(shown)]
    if not (measures["metric"] == "csa_mm2").any():
        said = "no image of %s shows levels %s, so there is no CSA. levels= chooses others"
        logger.warning(said, test.plan.data.name, format_levels(test.plan.levels))
    rows = pd.concat([measures, truth[truth["level"].isin(shown)]], ignore_index=True)
    return rows, measured.soft_values


def _measurable(test: Evaluation) -> list[EvaluationImage]:
    """Return the images with ground truth."""
    return test_images(test.data.images[test.data.images["label"].notna()])


def _write_qc(test: Evaluation, run_dir: Path, predicted: pd.DataFrame, measures: pd.DataFrame) -> None:
    method = test.plan.method
    own = measures[measures["method"] == method]
    write_qc_page(run_dir, method, test.plan.data.name, predicted, own, format_levels(test.plan.levels))
    # What the report's visual check and overlays read; without ground truth there is nothing to compare.
    columns = ["participant_id", "session_id", "contrast", "image", "label", "discs"]
    measured = predicted.loc[predicted["label"].notna(), columns]
    write_table(run_dir / TEST_IMAGES, measured)


def _log_results(test: Evaluation, run_dir: Path, measures: pd.DataFrame, entry: RunRecord) -> None:
    if len(measures):
        entry.metrics(means(measures, test.plan.method, format_levels(test.plan.levels)))
    for name in (MEASURES, QC_PAGE):
        entry.artifact(run_dir / name)
    entry.tag({"predictions": (run_dir / PREDICTIONS).resolve()})
