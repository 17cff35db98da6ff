"""A run's threshold curves and calibration: measured once, kept beside its measures, then shown."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from softcord.evaluation.image import EvaluationImage
from softcord.evaluation.image_values import SoftValues
from softcord.evaluation.soft_values import soft_values
from softcord.io.tables import write_table
from softcord.measure.csa import METHOD_VERSION
from softcord.measure.level_text import parse_levels
from softcord.stats.frames import is_ground_truth
from softcord.sweep.folder import CALIBRATION, MEASURES, PREDICTIONS, TEST_IMAGES, THRESHOLDS, run_config

if TYPE_CHECKING:
    from softcord.report.soft_values import StudyValues


def keep_soft_values(run_dir: Path, found: SoftValues | None) -> None:
    """Write what a run's predictions are at each threshold beside its measures; remove what is of before."""
    tables = {} if found is None else {THRESHOLDS: found.curves, CALIBRATION: found.reliability}
    for name in (THRESHOLDS, CALIBRATION):
        if name in tables:
            write_table(run_dir / name, tables[name])
        else:
            (run_dir / name).unlink(missing_ok=True)


def study_values(
    run_dirs: Sequence[Path], measures: pd.DataFrame, at_most: int, jobs: int = 1
) -> "StudyValues | None":
    """Gather the curves of a study's methods, of each one run, and measure those that no run has kept.

    Args:
        run_dirs: folders of the runs; of several seeds of a method, the last counts.
        measures: tidy measures of these runs, which say whose they are.
        at_most: how many methods, those with the least mean absolute CSA error; none if 0.
        jobs: processes, for masks that must be read.
    """
    from softcord.report.soft_values import StudyValues

    if not at_most:
        return None
    run_of = _run_of_method(run_dirs, measures)
    errors = measures[measures["metric"] == "csa_abs_error_mm2"].groupby("method", observed=True)["value"]
    best_first = [str(name) for name in errors.mean().sort_values().index if name in run_of]
    wanted = list(dict.fromkeys([*best_first, *run_of]))[:at_most]
    found = {method: _kept(run_of[method]) or _measured(run_of[method], jobs) for method in wanted}
    there = {method: values for method, values in found.items() if values is not None}
    reference = {str(run_config(run_of[method]).get("reference", "")) for method in there}
    return StudyValues(
        curves={method: values.curves for method, values in there.items()},
        reliability={method: values.reliability for method, values in there.items()},
        without=tuple(method for method in wanted if method not in there),
        reference=reference.pop() if len(reference) == 1 else "",
        left_out=len(run_of) - len(wanted),
    )


def _run_of_method(run_dirs: Sequence[Path], measures: pd.DataFrame) -> dict[str, Path]:
    tested = measures.loc[~is_ground_truth(measures), ["run", "method"]].drop_duplicates()
    folder_of = {run_dir.name: run_dir for run_dir in run_dirs}
    pairs = ((str(method), str(run)) for run, method in tested.itertuples(index=False))
    return {method: folder_of[run] for method, run in pairs if run in folder_of}


def _kept(run_dir: Path) -> SoftValues | None:
    """Return what the run kept; None where it did not, or before it was measured as it is now."""
    curves, calibration = run_dir / THRESHOLDS, run_dir / CALIBRATION
    if not (curves.exists() and calibration.exists()):
        return None
    measures = run_dir / MEASURES
    if measures.exists() and curves.stat().st_mtime_ns < measures.stat().st_mtime_ns:
        return None
    words = {"participant_id": str, "session_id": str, "contrast": str, "level": str}
    # Of numbers only: a session may be called n/a.
    missing = {name: ["n/a"] for name in ("csa_bin_mm2", "csa_soft_minus_bin_mm2")}
    table = pd.read_csv(curves, dtype=words, keep_default_na=False, na_values=missing)
    if set(table["method_version"]) != {METHOD_VERSION}:
        return None
    return SoftValues(table, pd.read_csv(calibration, na_values=["n/a"]))


def _discs(path: str | None) -> Path | None:
    return Path(path) if path and Path(path).exists() else None


def _measured(run_dir: Path, jobs: int) -> SoftValues | None:
    path, config = run_dir / TEST_IMAGES, run_config(run_dir)
    if not path.exists() or not (run_dir / PREDICTIONS).is_dir():
        return None
    rows = pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")
    images = [
        EvaluationImage(
            participant_id=row["participant_id"],
            session_id=row["session_id"] or "n/a",
            contrast=row["contrast"],
            image=Path(row["image"]),
            reference=Path(row["label"]),
            hard_seg=None,
            discs=_discs(row.get("discs")),
            truth_csa_mm2=None,
        )
        for row in rows
    ]
    levels = tuple(parse_levels(str(config.get("levels", "2:3"))))
    tails = bool(config.get("tails"))
    found = soft_values(images, run_dir / PREDICTIONS, levels=levels, tails=tails, jobs=jobs)
    keep_soft_values(run_dir, found)
    return found
