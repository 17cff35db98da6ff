"""What a run leaves in the store: inputs at its start, results at its end."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from softcord.app.config.plan import Plan
from softcord.app.config.settings_of import told_settings
from softcord.app.inputs.training_data import Dataset
from softcord.app.records.logged_params import logged_params
from softcord.app.records.method_labels import method_labels
from softcord.app.records.provenance import provenance
from softcord.contrasts import CONTRASTS
from softcord.draw.qc import overlay_png
from softcord.io.names import nifti_stem
from softcord.io.nifti import read_volume
from softcord.measure.level_text import format_levels
from softcord.measure.metrics import METRICS
from softcord.predict.write import predictions_of, softseg_path
from softcord.report.summary import FAILED_HEADING, SUMMARY_HEADINGS, digits_of, summary_table
from softcord.report.tables import markdown
from softcord.stats.describe import describe, describe_contrasts
from softcord.stats.missed import failures
from softcord.sweep.folder import CONFIG, ENVIRONMENT, MEASURES, OVERRIDES, PREDICTIONS, SPLIT
from softcord.sweep.ledger import Run
from softcord.track.addresses import artifact_picture, report_path, view_path
from softcord.track.check_store import check_database, check_store
from softcord.track.dashboard import describe_study, results_table, save_view
from softcord.track.store import RunRecord, StudyRecord

OVERLAYS_PER_RUN = 6
FAILED_METRIC = "images_without_cord"
# Columns of the saved view and of the study's note; all others are on each run's page.
_SHOWN_FIRST = ("csa_std_mm2", "csa_abs_error_mm2", "dice")


def check_databases(plan: Plan) -> None:
    """Refuse a store, or a database of searches beside it, that cannot be used, before anything slow.

    Raises:
        RunError: it is locked, damaged or of another version; or the tracking server does not answer.
    """
    _check_databases(plan.paths.store_dir.absolute())


@cache
def _check_databases(store_dir: Path) -> None:
    check_store(store_dir)
    if (store_dir / "optuna.db").exists():
        check_database(store_dir / "optuna.db")


def log_inputs(plan: Plan, dataset: Dataset, run: Run, run_dir: Path, entry: RunRecord) -> None:
    """Record parameters, tags and the files that say exactly what is about to run."""
    labels = method_labels(plan)
    entry.params(logged_params(plan))
    entry.tag(
        {
            "method": plan.method,
            "study": plan.study,
            "seed": plan.seed,
            "gt": labels["gt"],
            "loss": labels["loss"],
            "contrasts": labels["contrasts_trained"],
            "engine": plan.choices["engine"],
            "baseline": plan.choices["baseline"],
            **({"modified": " ".join(plan.modified)} if plan.modified else {}),
            "recipe": plan.choices["recipe"],
            "data": plan.data_name,
            "reference": plan.reference,
            "levels": format_levels(plan.levels),
            "tails": plan.tails,
            "split_sha256": dataset.split.sha256,
            "dataset_identity": dataset.identity,
            "fingerprint": run.fingerprint,
            "overrides": " ".join(plan.overrides),
            "settings": told_settings(plan),
            "mlflow.source.name": "python -m softcord.train",
            "mlflow.source.git.commit": provenance()["code_commit"],
            **{f"provenance.{key}": value for key, value in provenance().items()},
        }
    )
    for part in dataset.parts or (dataset,):
        entry.dataset(part.name, part.identity)
    for name in (CONFIG, OVERRIDES, SPLIT, ENVIRONMENT):
        entry.artifact(run_dir / name)


def log_results(
    plan: Plan, dataset: Dataset, measures: pd.DataFrame, run_dir: Path, entry: RunRecord, how: str
) -> None:
    """Record the measures, their means, sample overlays and a description; ``how`` the method is made."""
    level = format_levels(plan.levels)
    entry.metrics(means(measures, plan.method, level, plan.measured_on))
    counts = failures(measures, level).set_index("method")["failed"]
    entry.metrics({f"{plan.measured_on}/{FAILED_METRIC}": float(counts.get(plan.method, 0))})
    entry.artifact(run_dir / MEASURES)
    entry.tag({"predictions": (run_dir / PREDICTIONS).resolve()})
    with TemporaryDirectory() as folder:
        for row in sample(dataset.test).to_dict("records"):
            image = Path(row["image"])
            prediction = softseg_path(predictions_of(run_dir / PREDICTIONS, row["participant_id"]), image)
            if not prediction.exists():  # of a contrast that no model is for, or missing
                continue
            volumes = [read_volume(path) for path in (image, prediction, row["label"])]
            overlay_png(volumes[0], volumes[1], volumes[2], Path(folder) / f"{nifti_stem(image)}.png")
        entry.artifact(Path(folder), "overlays")
        drawn = sorted(path.name for path in Path(folder).glob("*.png"))
    pictures = [artifact_picture(entry.run_id, f"overlays/{name}") for name in drawn]
    entry.describe(description(plan, dataset, measures, how, pictures))


def means(measures: pd.DataFrame, method: str, level: str, prefix: str = "test") -> dict[str, float]:
    """Return ``test/<metric>``, the method's mean over participants, and ``test/<metric>/<contrast>``.

    The same numbers as in the table that ``train`` prints; ``val/`` for runs that measure validation images.
    """
    own = measures[measures["method"] == method]
    metrics = sorted(own["metric"].unique())
    overall = describe(own, metrics, level).to_dict("records")
    by_contrast = describe_contrasts(own, metrics, level).to_dict("records")
    return {f"{prefix}/{row['metric']}": float(row["mean"]) for row in overall} | {
        f"{prefix}/{row['metric']}/{row['contrast']}": float(row["mean"])
        for row in by_contrast
        if row["contrast"] != "all"
    }


def log_study(plan: Plan, study: StudyRecord) -> None:
    """Bring the study's page up to date: a saved view of its runs and a note, the failing runs last.

    Both are sorted by Dice, which is 0 where no cord was found; a spread of CSA is small there, or missing.
    """
    names = {f"{plan.measured_on}/{metric}": SUMMARY_HEADINGS[metric] for metric in _SHOWN_FIRST}
    names[f"{plan.measured_on}/{FAILED_METRIC}"] = FAILED_HEADING
    sort_by = f"{plan.measured_on}/dice"
    save_view(study, list(names), ("method", "gt", "loss", "contrasts", "seed"), sort_by)
    if plan.search.name:
        return  # the search itself says what came of its trials
    describe_study(
        study,
        "\n".join(
            [
                f"Study `{plan.study}` on `{plan.data_name}`: means over {plan.measured_on} participants, "
                f"measured against {plan.reference} masks.",
                "",
                f"[All runs, sorted by Dice]({view_path(study.experiment_id)}); "
                f"[the comparison]({report_path(study.experiment_id, study.parent_run_id)}) after "
                f"`python -m softcord.compare study={plan.study}`; "
                "mark some runs and press *Compare* for charts.",
                "",
                results_table(study, list(names.items()), sort_by),
            ]
        ),
    )


def sample(test: pd.DataFrame) -> pd.DataFrame:
    """Return one image of each contrast, of the first participant that has it."""
    known = test[test["contrast"].isin(CONTRASTS)]
    return known.sort_values("participant_id").groupby("contrast").head(1).head(OVERLAYS_PER_RUN)


def description(
    plan: Plan, dataset: Dataset, measures: pd.DataFrame, how: str, pictures: Sequence[str] = ()
) -> str:
    """Say in Markdown what the run is and what came out; ``pictures`` are Markdown too."""
    split = dataset.split
    counts = f"{len(split.train)} to train, {len(split.val)} to validate, {len(split.test)} to test"
    people = "validation" if plan.measured_on == "val" else "test"
    return "\n".join(
        [
            # The page shows the first lines only, until it is asked for more.
            f"**{plan.method}**, seed {plan.seed}: {_headline(plan, measures)}",
            "",
            *(part for picture in pictures for part in (picture, "")),
            f"- **method** {how}",
            f"- **data** `{plan.data_name}`, identity `{dataset.identity[:12]}`",
            f"- **split** `{plan.split_name}`: {counts} participants",
            f"- **measured** on {people} participants against {plan.reference} masks, "
            f"vertebral levels {format_levels(plan.levels)}",
            f"- **command** `python -m softcord.train {' '.join(plan.overrides)}`",
            "",
            f"Mean ± SD over {people} participants; `GT_soft` and `GT_hard` are the ground truths:",
            "",
            markdown(summary_table(measures, format_levels(plan.levels))),
            "",
            "Artifacts: `overlays` (prediction and ground truth on each contrast), `measures.csv`, `model`.",
        ]
    )


def _headline(plan: Plan, measures: pd.DataFrame) -> str:
    own = measures[measures["method"] == plan.method]
    table = describe(own, ["csa_std_mm2", "csa_abs_error_mm2", "dice"], format_levels(plan.levels))
    rows = table.to_dict("records")
    words = (f"{METRICS[row['metric']].label} {row['mean']:.{digits_of(row['metric'])}f}" for row in rows)
    return ", ".join(words)
