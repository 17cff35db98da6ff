"""What a run leaves in the store: inputs at its start, results at its end."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from softcord.app.compose import flat
from softcord.app.dataset import Dataset
from softcord.app.plan import Plan
from softcord.app.provenance import provenance
from softcord.contrasts import CONTRASTS
from softcord.measure.levels import format_levels
from softcord.nifti import read_volume
from softcord.predict.write import predictions_of, softseg_path
from softcord.report.qc import overlay_png
from softcord.report.summary import print_table, summary_table
from softcord.sweep.ledger import Run
from softcord.track.store import RunRecord

OVERLAYS_PER_RUN = 6
# config.yaml, an artifact of the run, holds everything; these groups would only hide the rest.
_UNLOGGED_GROUPS = ("phantom", "paths", "machine")


def log_inputs(plan: Plan, dataset: Dataset, run: Run, run_dir: Path, entry: RunRecord) -> None:
    """Record parameters, tags and the files that say exactly what is about to run."""
    entry.params(dict(flat({k: v for k, v in plan.config.items() if k not in _UNLOGGED_GROUPS})))
    entry.tag(
        {
            "method": plan.method,
            "study": plan.study,
            "seed": plan.seed,
            "gt": plan.gt.name,
            "loss": plan.choices["loss"],
            "contrasts": " ".join(plan.contrasts),
            "baseline": plan.choices["baseline"],
            **({"modified": " ".join(plan.modified)} if plan.modified else {}),
            "recipe": plan.choices["recipe"],
            "data": plan.data_name,
            "reference": plan.reference,
            "levels": format_levels(plan.levels),
            "split_sha256": dataset.split.sha256,
            "dataset_identity": dataset.identity,
            "fingerprint": run.fingerprint,
            "overrides": " ".join(plan.overrides),
            **{f"provenance.{key}": value for key, value in provenance().items()},
        }
    )
    for name in ("config.yaml", "overrides.txt", "split.yaml", "environment.txt"):
        entry.artifact(run_dir / name)


def log_results(
    plan: Plan, dataset: Dataset, measures: pd.DataFrame, run_dir: Path, entry: RunRecord
) -> None:
    """Record the measures, their means, sample overlays and a description."""
    entry.metrics(means(measures))
    entry.artifact(run_dir / "measures.csv")
    entry.tag({"predictions": (run_dir / "predictions").resolve()})
    with TemporaryDirectory() as folder:
        for row in sample(dataset.test).to_dict("records"):
            image = Path(row["image"])
            prediction = softseg_path(predictions_of(run_dir / "predictions", row["participant_id"]), image)
            if not prediction.exists():  # of a contrast that no model is for
                continue
            volumes = [read_volume(path) for path in (image, prediction, row["label"])]
            overlay_png(volumes[0], volumes[1], volumes[2], Path(folder) / f"{image.name.split('.')[0]}.png")
        entry.artifact(Path(folder), "overlays")
    entry.describe(description(plan, measures))


def means(measures: pd.DataFrame) -> dict[str, float]:
    """Return ``test/<metric>`` over all images and ``test/<metric>/<contrast>``, at the wanted levels."""
    # A single level ("3") is a detail of the wanted ones ("2:3").
    kept = measures[~measures["level"].str.fullmatch(r"\d+")]
    overall = kept.groupby("metric")["value"].mean()
    by_contrast = (
        kept[kept["contrast"] != "all"].groupby(["metric", "contrast"])["value"].mean().reset_index()
    )
    rows = by_contrast.to_dict("records")
    return {f"test/{metric}": float(value) for metric, value in overall.items()} | {
        f"test/{row['metric']}/{row['contrast']}": float(row["value"]) for row in rows
    }


def sample(test: pd.DataFrame) -> pd.DataFrame:
    """Return one image of each contrast, of the first participant that has it."""
    known = test[test["contrast"].isin(CONTRASTS)]
    return known.sort_values("participant_id").groupby("contrast").head(1).head(OVERLAYS_PER_RUN)


def description(plan: Plan, measures: pd.DataFrame) -> str:
    """Say in Markdown what the run is and what came out."""
    table = print_table(summary_table(measures, format_levels(plan.levels)))
    return "\n".join(
        [
            f"**{plan.method}**, seed {plan.seed}, study `{plan.study}`",
            "",
            f"- learnt from {plan.gt.name} masks of {', '.join(plan.contrasts)}, loss {plan.choices['loss']}",
            f"- data `{plan.data_name}`, split `{plan.split_name}`, measured against {plan.reference} masks",
            f"- command: `python -m softcord.train {' '.join(plan.overrides)}`",
            "",
            "```",
            table,
            "```",
        ]
    )
