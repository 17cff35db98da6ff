"""One trained method on one dataset: predict, measure where there is ground truth, and record."""

import logging
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from softcord.app.config.compose import config_dir
from softcord.app.config.plan import Plan
from softcord.app.models.trained import Trained
from softcord.app.records.leakage import TRAINED_ON, warn_of_leakage
from softcord.errors import DataError
from softcord.io.files import write_json, write_text
from softcord.sweep.ledger import Run, note

if TYPE_CHECKING:
    import pandas as pd

    from softcord.app.engine import OnDone
    from softcord.app.inputs.test_data import Unseen
    from softcord.evaluation.image import Masks
    from softcord.evaluation.settings import EvaluateSettings
    from softcord.track.store import RunRecord

logger = logging.getLogger("softcord")

# What of the configuration says how images are tested; the rest describes a training, and that was another.
_KEPT = ("data", "phantom", "split", "study", "levels", "machine", "paths", "evaluate")


@dataclass(frozen=True)
class Test:
    """One trained method on one dataset; ``plan`` is :func:`softcord.app.verbs.evaluate.as_tested`'s."""

    plan: Plan
    settings: "EvaluateSettings"
    trained: Trained
    unseen: "Unseen"

    @property
    def labels(self) -> dict[str, str]:
        """Columns of measures.csv that say which method this is."""
        return {**self.trained.labels, "method": self.plan.method}


def bring_to_end(test: Test, run: Run, run_dir: Path) -> None:
    """Predict, measure and record; leave the results in ``run_dir`` and in the store, complete last."""
    from softcord.app.config.plan import jobs_of
    from softcord.app.inputs.test_data import without_damaged_labels
    from softcord.app.records.missing_images import write_missing
    from softcord.app.records.record import recorded
    from softcord.measure.table import write_measures
    from softcord.track.store import open_store, open_study

    plan = test.plan
    test = replace(test, unseen=without_damaged_labels(test.unseen, jobs_of(plan)))
    images = test.unseen.images
    _write_inputs(test, run_dir)
    _warn_of_leakage(test)
    with recorded(run_dir, run, open_study(open_store(plan.store_dir), plan.study)) as entry:
        entry.tag(_tags(test, run))
        for name in ("config.yaml", "overrides.txt", "environment.txt"):
            entry.artifact(run_dir / name)
        masks = _predict(test, run, run_dir)
        measures = _measure(test, run, run_dir, masks)
        write_missing(run_dir, images, masks.missing)
        write_measures(run_dir / "measures.csv", measures)
        predicted = images[images["image"].map(lambda image: Path(image) in masks.found)]
        _write_qc(test, run_dir, predicted, measures)
        _log_results(test, run_dir, measures, entry)
    measured = int(predicted["label"].notna().sum())
    what = f"{measured} measured" if measured else "no ground truth, so nothing measured"
    done = f"{len(predicted)} of {len(images)} images predicted, {what}"
    logger.info("%s: %s; look at %s", run.name, done, run_dir / "qc.html")


def _write_inputs(test: Test, run_dir: Path) -> None:
    from softcord.app.records.provenance import environment_text, provenance

    config = {key: test.plan.config[key] for key in _KEPT} | {"reference": test.unseen.reference}
    if test.plan.choices["data"] != "phantom":
        del config["phantom"]
    if test.settings.participants == "all":  # whatever the split would say
        config["split"] = yaml.safe_load((config_dir() / "split/all_test.yaml").read_text(encoding="utf-8"))
    write_text(run_dir / "config.yaml", yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
    write_text(run_dir / "overrides.txt", "\n".join(test.plan.overrides) + "\n")
    write_text(run_dir / "environment.txt", environment_text())
    people = test.unseen.participants
    write_text(run_dir / "participants.tsv", people.to_csv(sep="\t", index=False, na_rep="n/a"))
    models = {contrast: str(path) for contrast, path in test.trained.models.items()}
    content = {"models": models, "dataset_identity": test.unseen.identity, **provenance()}
    write_json(run_dir / "provenance.json", content)
    write_json(run_dir / TRAINED_ON, [asdict(one) for one in test.trained.trained_on])


def _tags(test: Test, run: Run) -> dict[str, object]:
    from softcord.app.records.provenance import provenance

    return {
        **test.labels,
        "study": test.plan.study,
        "data": test.plan.data.name,
        "dataset_identity": test.unseen.identity,
        "reference": test.unseen.reference or "none",
        "models": " ".join(str(path) for path in test.trained.models.values()),
        "fingerprint": run.fingerprint,
        "overrides": " ".join(run.overrides),
        **{f"provenance.{key}": value for key, value in provenance().items()},
    }


def _warn_of_leakage(test: Test) -> None:
    """Say whom of the tested the model has seen; the report says it again."""
    from softcord.data.filehash import content_hash, known_hashes

    cache = test.plan.data_dir / "cache"
    hashes = known_hashes(cache)
    warn_of_leakage(
        test.plan.method,
        test.trained.trained_on,
        zip(test.unseen.images["participant_id"], test.unseen.images["image"], strict=True),
        test.plan.data,
        lambda path: content_hash(path, cache, hashes),
    )


def _predict(test: Test, run: Run, run_dir: Path) -> "Masks":
    """Predict every image that a model is for and that was not predicted yet; return their masks."""
    from softcord.app.console.progress import phase
    from softcord.evaluation.image import Mask, Masks
    from softcord.predict.write import describe_derivatives, softseg_path

    predictions, model_of = run_dir / "predictions", test.settings.stand_ins
    describe_derivatives(predictions, f"softcord predictions of {run.name}", {"Run": run.name})
    contrast_of = {Path(row["image"]): row["contrast"] for row in test.unseen.images.to_dict("records")}
    missing = {
        image: f"no model is for {contrast}. evaluate.model_of names one"
        for image, contrast in contrast_of.items()
        if test.trained.model_for(contrast, model_of) is None
    }
    masks = {image: softseg_path(predictions, image) for image in contrast_of if image not in missing}
    wanted = {image: contrast_of[image] for image, mask in masks.items() if not mask.exists()}
    predict = _predict_with_nnunet if test.trained.is_nnunet else _predict_with_packages
    numbers = count(1)
    with phase("prediction", len(wanted)) as on_done:

        def predicted(name: str) -> None:
            n = next(numbers)
            note(run_dir, f"predicted {n} of {len(wanted)} images", n / len(wanted))
            on_done(name)

        missing |= predict(test, run_dir, wanted, predicted)
    found = {image: Mask(mask) for image, mask in masks.items() if mask.exists()}
    if not found:
        why = next(iter(missing.values()), "there is none")
        raise DataError(test.plan.data.root, f"no image could be predicted: {why}")
    return Masks(found, missing)


def _predict_with_packages(
    test: Test, run_dir: Path, wanted: Mapping[Path, str], on_done: "OnDone"
) -> dict[Path, str]:
    """Predict images, given with their contrasts; return why it was not possible for some."""
    from softcord.app.models.trained import make_predict
    from softcord.predict.write import write_softseg

    predict = make_predict(test.trained, test.settings.stand_ins, test.plan.machine)
    errors = {}
    for image, contrast in wanted.items():
        try:
            softseg = predict(image, contrast)
        except DataError as error:  # the image's own; the others go on
            errors[image] = str(error)
        else:
            write_softseg(run_dir / "predictions", image, softseg, {"Run": run_dir.name})
        on_done(image.name)
    return errors


def _predict_with_nnunet(
    test: Test, run_dir: Path, wanted: Mapping[Path, str], on_done: "OnDone"
) -> dict[Path, str]:
    """Predict images; return why it was not possible for some."""
    from softcord.app.engines.nnunet import nnunet_work
    from softcord.nnunet.run import predict_nnunet
    from softcord.predict.write import copy_mask, softseg_path

    if not wanted:
        return {}
    work = nnunet_work(test.plan, run_dir)
    (model,) = test.trained.models.values()
    made = {image: softseg_path(work.folder, image) for image in wanted}
    errors = predict_nnunet(work, model, made, on_done=on_done)
    for image, mask in made.items():
        if mask.exists():
            copy_mask(run_dir / "predictions", image, mask, {"Run": run_dir.name})
        else:
            errors.setdefault(image, "nnU-Net left no mask")
    shutil.rmtree(work.folder)
    return errors


def _measure(test: Test, run: Run, run_dir: Path, masks: "Masks") -> "pd.DataFrame":
    """Return the rows of measures.csv: of the images with ground truth, and of that ground truth."""
    import pandas as pd

    from softcord.app.config.plan import jobs_of
    from softcord.app.console.progress import phase
    from softcord.app.runs.training import test_images
    from softcord.evaluation.ground_truth import ground_truth_measures
    from softcord.evaluation.measure import measure_masks
    from softcord.measure.table import measures_frame

    images = test_images(test.unseen.images[test.unseen.images["label"].notna()])
    if test.unseen.reference is None:
        return measures_frame([])
    with phase("measures", len(images)) as on_done:
        measures, unusable = measure_masks(
            masks,
            images,
            run_dir / "predictions",
            levels=test.plan.levels,
            labels={"run": run.name, **test.labels},
            jobs=jobs_of(test.plan),
            on_done=on_done,
        )
    masks.missing.update(unusable)
    truth = ground_truth_measures(images, test.plan.levels, run.name, reference=test.unseen.reference)
    # Levels that no image of the dataset shows were not missed by anybody: they have no rows.
    shown = truth.loc[truth["value"].notna(), "level"].unique()
    is_of_level = measures["level"].str.fullmatch(r"[0-9:,]+")
    measures = measures[~is_of_level | measures["level"].isin(shown)]
    return pd.concat([measures, truth[truth["level"].isin(shown)]], ignore_index=True)


def _write_qc(test: Test, run_dir: Path, predicted: "pd.DataFrame", measures: "pd.DataFrame") -> None:
    from softcord.app.results.qc_page import write_qc_page
    from softcord.measure.levels import format_levels

    method = test.plan.method
    own = measures[measures["method"] == method]
    write_qc_page(run_dir, method, test.plan.data.name, predicted, own, format_levels(test.plan.levels))
    # What the report's visual check and overlays read; without ground truth there is nothing to compare.
    columns = ["participant_id", "session_id", "contrast", "image", "label"]
    measured = predicted.loc[predicted["label"].notna(), columns]
    write_text(run_dir / "test.csv", measured.to_csv(index=False))


def _log_results(test: Test, run_dir: Path, measures: "pd.DataFrame", entry: "RunRecord") -> None:
    from softcord.app.records.store import means
    from softcord.measure.levels import format_levels

    if len(measures):
        entry.metrics(means(measures, test.plan.method, format_levels(test.plan.levels)))
    for name in ("measures.csv", "qc.html"):
        entry.artifact(run_dir / name)
    entry.tag({"predictions": (run_dir / "predictions").resolve()})
