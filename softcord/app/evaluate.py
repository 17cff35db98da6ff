"""``softcord evaluate``: apply trained methods to other images; measure them where there is ground truth."""

import logging
import shutil
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from softcord.app.build import build
from softcord.app.datasets import dataset_of
from softcord.app.launch import Study, launch
from softcord.app.plan import Plan, digest
from softcord.app.terminal import logging_to, show_table, start_logging
from softcord.app.trained import Trained, find_trained
from softcord.errors import UsageError
from softcord.files import write_json, write_text
from softcord.sweep.ledger import Run, read_study
from softcord.sweep.study import record_command

if TYPE_CHECKING:
    import pandas as pd

    from softcord.app.unseen import Unseen
    from softcord.evaluate.run import TestImage
    from softcord.evaluate.settings import EvaluateSettings
    from softcord.track.store import RunRecord

logger = logging.getLogger("softcord")

# What of the configuration says how images are tested; the rest describes a training, and that was another.
_KEPT = ("data", "phantom", "split", "study", "levels", "machine", "paths", "evaluate")


@dataclass(frozen=True)
class Test:
    """One trained method on one dataset; ``plan`` is :func:`as_tested`'s."""

    plan: Plan
    settings: "EvaluateSettings"
    trained: Trained
    unseen: "Unseen"

    @property
    def labels(self) -> dict[str, str]:
        """Columns of measures.csv that say which method this is."""
        return {**self.trained.labels, "method": self.plan.method}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb and return its exit code."""
    start_logging()
    given = sys.argv[1:] if arguments is None else arguments
    # ``model`` is a net's configuration elsewhere; here it is a trained one.
    words = [f"evaluate.{word}" if word.startswith("model=") else word for word in given]
    return launch(evaluate_one, words, evaluation_study)


def evaluation_study() -> Study:
    """Return what makes tests of trained methods a study: recorded and summed up like trainings."""
    from softcord.app import sweep

    def begin(arguments: Sequence[str], plans: list[Plan]) -> list[Plan]:
        tested = [as_tested(plan) for plan in plans]
        _check_names(tested)
        for folder in dict.fromkeys(plan.study_dir for plan in tested):
            wanted = [sweep.planned(plan) for plan in tested if plan.study_dir == folder]
            record_command(folder, arguments, wanted)
        return plans  # each recognises by itself whether it is complete

    def without_end(plans: list[Plan]) -> list[Plan]:
        left = {(plan.study_dir, plan.config_hash) for plan in sweep.without_end([*map(as_tested, plans)])}
        return [plan for plan in plans if (plan.study_dir, as_tested(plan).config_hash) in left]

    return Study(
        check=lambda plan: _check_names([as_tested(plan)]),
        begin=begin,
        watch=lambda _plans: nullcontext(),
        note_failure=lambda plan, error: sweep.note_failure(as_tested(plan), error),
        without_end=without_end,
        finish=lambda plans: sweep.finish([as_tested(plan) for plan in plans], _show_results),
    )


def evaluate_settings(plan: Plan) -> "EvaluateSettings":
    """Build the configuration's node ``evaluate``."""
    settings: EvaluateSettings = build(plan.config["evaluate"], "evaluate")
    return settings


def as_tested(plan: Plan) -> Plan:
    """Return the plan with the trained method's name and seed, and a hash that knows its weights.

    Raises:
        UsageError, DataError: there is no such trained method.
    """
    settings = evaluate_settings(plan)
    trained = find_trained(settings.model, Path(plan.config["paths"]["outputs"]))
    tested = {
        "weights": trained.identity,
        "model_of": settings.stand_ins,
        "participants": settings.participants,
        "data": plan.data_name,
    }
    method = "_".join(word for word in (trained.method, plan.config["variant"]) if word)
    return replace(plan, method=method, seed=trained.seed, config={**plan.config, "tested": tested})


def _check_names(plans: "Sequence[Plan]") -> None:
    """Refuse tests that statistics would take for replicates of different ones.

    Raises:
        UsageError: one method and seed, on one dataset of a study, would stand for two different models.
    """
    names: dict[tuple[str, ...], tuple[str, str]] = {}
    for folder in dict.fromkeys(plan.study_dir for plan in plans):
        for run in read_study(folder):
            if run.is_complete:
                names[str(folder), dataset_of(folder / run.name), run.method, str(run.seed)] = (
                    run.config_hash,
                    run.name,
                )
    for plan in plans:
        key = (str(plan.study_dir), plan.data_name, plan.method, str(plan.seed))
        other = names.setdefault(key, (plan.config_hash, " ".join(plan.overrides)))
        if other[0] != plan.config_hash:
            what = f"has {plan.method}, seed {plan.seed}, on {plan.data_name} with other weights or settings"
            hint = f"That is {other[1]}. Add variant=WORD to the name, or study=NAME"
            raise UsageError(f"study {plan.study}", what, hint)


def evaluate_one(plan: Plan) -> None:
    """Bring one trained method through one dataset: recognised if complete, continued if interrupted."""
    import softcord
    from softcord.app.sweep import has_results
    from softcord.app.unseen import open_unseen
    from softcord.sweep.ledger import attempt, claim, leftovers, read_run

    plan, settings = as_tested(plan), evaluate_settings(plan)
    trained = find_trained(settings.model, Path(plan.config["paths"]["outputs"]))
    test = Test(plan, settings, trained, open_unseen(plan, settings))
    identity = {
        "config": plan.config_hash,
        "dataset": test.unseen.identity,
        "reference": test.unseen.reference,
        "version": softcord.__version__,
    }
    fingerprint = digest(identity)
    name = f"{plan.method}_s{plan.seed}-{plan.data_name}-{fingerprint[:6]}"
    run_dir = plan.study_dir / name
    with claim(run_dir):
        run = read_run(run_dir)
        if run and run.is_complete and has_results(run_dir) and not plan.rerun:
            logger.info("%s is complete; rerun=true would predict again", name)
            return
        if run is None or plan.rerun:
            # Without its predictions a run starts anew.
            shutil.rmtree(run_dir / "predictions", ignore_errors=True)
            run = Run(
                name=name,
                study=plan.study,
                method=plan.method,
                seed=plan.seed,
                fingerprint=fingerprint,
                config_hash=plan.config_hash,
                overrides=plan.overrides,
            )
        for path in leftovers(run_dir):
            path.unlink(missing_ok=True)
        with logging_to(run_dir / "log.txt"), attempt(run_dir, run) as begun:
            _bring_to_end(test, begun, run_dir)


def _bring_to_end(test: Test, run: "Run", run_dir: Path) -> None:
    """Predict, measure and record; leave the results in ``run_dir`` and in the store, complete last."""
    from softcord.app.record import recorded
    from softcord.measure.table import write_measures
    from softcord.track.store import open_store, open_study

    plan, images = test.plan, test.unseen.images
    _write_inputs(test, run_dir)
    with recorded(run_dir, run, open_study(open_store(plan.store_dir), plan.study)) as entry:
        entry.tag(_tags(test, run))
        for name in ("config.yaml", "overrides.txt", "environment.txt"):
            entry.artifact(run_dir / name)
        predicted = _predict(test, run, run_dir)
        measures = _measure(test, run, run_dir, predicted)
        write_measures(run_dir / "measures.csv", measures)
        _write_qc(test, run_dir, predicted, measures)
        _log_results(test, run_dir, measures, entry)
    measured = int(predicted["label"].notna().sum())
    what = f"{measured} measured" if measured else "no ground truth, so nothing measured"
    logger.info("%s: %d of %d images predicted, %s; look at %s", run.name, len(predicted), len(images), what,
                run_dir / "qc.html")  # fmt: skip


def _write_inputs(test: Test, run_dir: Path) -> None:
    from dataclasses import asdict

    from softcord.app.provenance import environment_text, provenance

    config = {key: test.plan.config[key] for key in _KEPT} | {"reference": test.unseen.reference}
    if test.plan.choices["data"] != "phantom":
        del config["phantom"]
    write_text(run_dir / "config.yaml", yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
    write_text(run_dir / "overrides.txt", "\n".join(test.plan.overrides) + "\n")
    write_text(run_dir / "environment.txt", environment_text())
    people = test.unseen.participants
    write_text(run_dir / "participants.tsv", people.to_csv(sep="\t", index=False, na_rep="n/a"))
    models = {contrast: str(path) for contrast, path in test.trained.packages.items()}
    content = {"models": models, "dataset_identity": test.unseen.identity, **provenance()}
    write_json(run_dir / "provenance.json", content)
    write_json(run_dir / "trained_on.json", [asdict(one) for one in test.trained.trained_on])


def _tags(test: Test, run: "Run") -> dict[str, object]:
    from softcord.app.provenance import provenance

    return {
        **test.labels,
        "study": test.plan.study,
        "data": test.plan.data.name,
        "dataset_identity": test.unseen.identity,
        "reference": test.unseen.reference or "none",
        "models": " ".join(str(path) for path in test.trained.packages.values()),
        "fingerprint": run.fingerprint,
        "overrides": " ".join(run.overrides),
        **{f"provenance.{key}": value for key, value in provenance().items()},
    }


def _predict(test: Test, run: "Run", run_dir: Path) -> "pd.DataFrame":
    """Predict every image that a model is for and that was not predicted yet; return their rows."""
    from softcord.app.progress import phase
    from softcord.app.trained import make_predict
    from softcord.predict.write import describe_derivatives, softseg_path, write_softseg

    predictions, images = run_dir / "predictions", test.unseen.images
    describe_derivatives(predictions, f"softcord predictions of {run.name}", {"Run": run.name})
    model_of = test.settings.stand_ins
    has_model = images["contrast"].map(lambda one: test.trained.package_for(one, model_of) is not None)
    lacking = sorted(images.loc[~has_model, "contrast"].unique())
    if lacking:
        logger.warning("no model is for %s: not predicted. evaluate.model_of names one", ", ".join(lacking))
    images = images[has_model].reset_index(drop=True)
    predict = make_predict(test.trained, model_of, test.plan.machine)
    with phase("prediction", len(images)) as on_done:
        for row in images.to_dict("records"):
            image = Path(row["image"])
            if not softseg_path(predictions, image).exists():
                softseg = predict(image, row["contrast"])
                write_softseg(predictions, image, softseg, {"Run": run.name})
            on_done(image.name)
    return images


def _test_images(test: Test, predicted: "pd.DataFrame") -> "list[TestImage]":
    from softcord.app.run import if_present
    from softcord.evaluate.run import TestImage

    return [
        TestImage(
            participant_id=row["participant_id"],
            session_id=row["session_id"],
            contrast=row["contrast"],
            image=Path(row["image"]),
            volume=None,
            reference=Path(row["label"]),
            hard_seg=if_present(row["hard_seg"]),
            discs=if_present(row["discs"]),
            truth_csa_mm2=None if isnan(row["truth_csa_mm2"]) else row["truth_csa_mm2"],
        )
        for row in predicted[predicted["label"].notna()].to_dict("records")
    ]


def _measure(test: Test, run: "Run", run_dir: Path, predicted: "pd.DataFrame") -> "pd.DataFrame":
    """Return the rows of measures.csv: of the images with ground truth, and of that ground truth."""
    import pandas as pd

    from softcord.app.progress import phase
    from softcord.evaluate.ground_truth import ground_truth_measures
    from softcord.measure.image import measure_image, measure_rows
    from softcord.measure.spread import csa_std_rows
    from softcord.measure.table import measures_frame
    from softcord.nifti import read_volume
    from softcord.predict.write import softseg_path

    images, levels = _test_images(test, predicted), test.plan.levels
    rows = []
    with phase("measures", len(images)) as on_done:
        for image in images:
            measured = measure_image(
                read_volume(softseg_path(run_dir / "predictions", image.image)),
                reference_softseg=read_volume(image.reference),
                discs=read_volume(image.discs) if image.discs else None,
                truth_csa_mm2=image.truth_csa_mm2,
                levels=levels,
            )
            rows += measure_rows(
                measured,
                participant_id=image.participant_id,
                session_id=image.session_id,
                contrast=image.contrast,
                run=run.name,
                **test.labels,
            )
            on_done(image.image.name)
    frame = measures_frame(rows)
    if test.unseen.reference is None:
        return frame
    # Levels that no image shows were not missed by anybody.
    measurable = frame.groupby(["metric", "level"])["value"].transform("count") > 0
    frame = frame[measurable]
    truth = ground_truth_measures(images, levels, run.name, reference=test.unseen.reference)
    truth = truth[truth["value"].notna()]
    return pd.concat([frame, csa_std_rows(frame), truth], ignore_index=True)


def _write_qc(test: Test, run_dir: Path, predicted: "pd.DataFrame", measures: "pd.DataFrame") -> None:
    from softcord.app.qc_page import write_qc_page
    from softcord.measure.levels import format_levels

    method = test.plan.method
    own = measures[measures["method"] == method]
    write_qc_page(run_dir, method, test.plan.data.name, predicted, own, format_levels(test.plan.levels))
    # What the report's visual check and overlays read; without ground truth there is nothing to compare.
    columns = ["participant_id", "session_id", "contrast", "image", "label"]
    measured = predicted.loc[predicted["label"].notna(), columns]
    write_text(run_dir / "test.csv", measured.to_csv(index=False))


def _log_results(test: Test, run_dir: Path, measures: "pd.DataFrame", entry: "RunRecord") -> None:
    from softcord.app.log import means
    from softcord.measure.levels import format_levels

    if len(measures):
        entry.metrics(means(measures, test.plan.method, format_levels(test.plan.levels)))
    for name in ("measures.csv", "qc.html"):
        entry.artifact(run_dir / name)
    entry.tag({"predictions": (run_dir / "predictions").resolve()})


def _show_results(first: Plan, run_dirs: Sequence[Path]) -> None:
    """Print a table per dataset: numbers of different people are never mixed."""
    from softcord.app.datasets import by_dataset
    from softcord.measure.levels import format_levels
    from softcord.report.summary import summary_table
    from softcord.stats.load import load_measures

    for data, folders in by_dataset(run_dirs).items():
        measures = load_measures(folder / "measures.csv" for folder in folders)
        if len(measures):
            table = summary_table(measures, format_levels(first.levels))
            show_table(table, f"{first.study}, {data}: mean ± SD over participants")
        else:
            print(f"\n{first.study}, {data}: no ground truth; look at qc.html of each run")
    print(f"\nresults    {first.study_dir}/")
    print(f"compare    python -m softcord.compare study={first.study}")
