"""What a run says of the model that it made: how well it measured, on whom, and with which seeds."""

from collections.abc import Iterator
from dataclasses import replace
from math import isfinite, sqrt
from pathlib import Path

import pandas as pd
from scipy.stats import t

from softcord.app.models.find import is_run_id, model_path, registered_version
from softcord.app.results.by_dataset import dataset_of
from softcord.data.splits import read_split
from softcord.measure.level_text import format_levels, parse_levels
from softcord.measure.metrics import METRICS
from softcord.predict.package import Measured, Model
from softcord.stats.describe import describe, describe_contrasts
from softcord.stats.load import load_measures
from softcord.sweep.folder import MEASURES, MODEL, SPLIT, run_config
from softcord.sweep.ledger import Run, read_run, read_study

_SHOWN = ("csa_abs_error_mm2", "csa_std_mm2", "dice", "dice_soft", "rve_pct", "asd_mm")


def run_of(path: Path) -> Path | None:
    """Return the folder of the run whose measured model a path is, None if it is no run's.

    A checkpoint is none: what the run measured is not said of it. Nor is a package that only lies there.
    """
    run_dir = path.parent if path.name == MODEL else path
    return run_dir if read_run(run_dir) else None


def with_facts_of(word: str, model: Model, outputs: Path, store: Path) -> Model:
    """Return the model that ``word`` names with what its run says of it, as it is if it lies in no run."""
    if is_run_id(word) or registered_version(word, outputs, store):
        return model
    run_dir = run_of(model_path(word, outputs))
    return with_facts(model, run_dir) if run_dir else model


def with_facts(model: Model, run_dir: Path) -> Model:
    """Return a run's model whose description also says what the run measured, its split and the seeds."""
    run = read_run(run_dir)
    assert run is not None
    made_by = {**model.description.provenance, "seeds": _seeds(run_dir, run)}
    if (run_dir / SPLIT).exists():
        split = read_split(run_dir / SPLIT)
        counts = f"{len(split.train)} to train, {len(split.val)} to validate, {len(split.test)} to test"
        made_by["split"] = f"{counts} (sha256 {split.sha256[:12]})"
    measured = tuple(_measured(run_dir, run))
    return replace(model, description=replace(model.description, provenance=made_by, measured=measured))


def _seeds(run_dir: Path, run: Run) -> str:
    alike = {one.seed for one in read_study(run_dir.parent) if one.method == run.method and one.is_complete}
    others = sorted(alike - {run.seed})
    return f"{run.seed}" + (f"; trained alike with {', '.join(map(str, others))}" if others else "; no other")


def _measured(run_dir: Path, run: Run) -> Iterator[Measured]:
    config = run_config(run_dir)
    # The validation participants chose the weights: what is measured of them is no test.
    if not (run_dir / MEASURES).exists() or config.get("measured_on") == "val":
        return
    measures = load_measures([run_dir / MEASURES])
    own = measures[measures["method"] == run.method]
    level = format_levels(parse_levels(str(config.get("levels", "2:3"))))
    dataset = dataset_of(run_dir)
    tables = [describe(own, _SHOWN, level), describe_contrasts(own, _SHOWN, level)]
    rows = pd.concat([table for table in tables if len(table)]) if any(map(len, tables)) else pd.DataFrame()
    for row in rows.to_dict("records"):
        n, mean, sd = int(row["n"]), float(row["mean"]), float(row["sd"])
        if not n or not isfinite(mean):
            continue
        half = float(t.ppf(0.975, n - 1)) * sd / sqrt(n) if n > 1 and isfinite(sd) else None
        metric, contrast = str(row["metric"]), str(row["contrast"])
        low, high = (None, None) if half is None else (mean - half, mean + half)
        yield Measured(dataset, contrast, level, metric, METRICS[metric].unit, n, mean, low, high)
