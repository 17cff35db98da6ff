"""``softcord prepare``: build the ground truth of a dataset, measure it, and report on it."""

import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.app.config.help import usage_of
from softcord.app.config.plan import Plan, jobs_of
from softcord.app.console.progress import phase
from softcord.app.console.remedies import with_keys
from softcord.app.console.streams import show
from softcord.app.console.terminal import show_table, start_logging
from softcord.app.sweeps.launch import launch
from softcord.errors import DataError
from softcord.hints import listed
from softcord.io.dataset_folder import claim_dataset_folder

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger("softcord")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb; the exit code is 3 when a participant has no ground truth in the end."""
    start_logging()
    return launch(_prepare, sys.argv[1:] if arguments is None else arguments, usage=usage_of("prepare"))


def _prepare(plan: Plan) -> None:
    failures = [failure for one in plan.for_each_dataset() if (failure := _prepare_one(one))]
    if failures:
        raise failures[0]


def _prepare_one(plan: Plan) -> DataError | None:
    """Build the ground truth of one dataset; return what to say about participants without one."""
    from softcord.app.inputs.soft_labels import derivatives_dir
    from softcord.app.inputs.training_data import make_phantom
    from softcord.data.labels import warn_of_model_masks, warn_of_unused
    from softcord.data.settings import read_index
    from softcord.data.spaces import warn_of_spaces
    from softcord.gt.dataset import build_dataset
    from softcord.gt.measures import gt_measures, with_csa
    from softcord.gt.variant import variant_name

    variant = variant_name(plan.gt, plan.contrasts)
    if plan.needs_phantom:
        make_phantom(plan)
    table, jobs = _needed(plan, read_index(plan.data)), jobs_of(plan)
    root = derivatives_dir(plan, for_writing=True)
    warn_of_model_masks(
        plan.data.name, table.loc[table["contrast"].isin(plan.contrasts), "hard_seg"].dropna()
    )
    warn_of_unused(plan.data.name, table)
    warn_of_spaces(plan.data.name, zip(table["image"], table["hard_seg"], strict=True))
    people = len(table[["participant_id", "session_id"]].drop_duplicates())
    with phase(f"ground truth {variant}", people) as on_done:
        report = build_dataset(table, root, plan.gt, plan.contrasts, jobs=jobs, on_done=on_done)
    with phase("CSA", 2 * len(table)) as on_done:
        measures = gt_measures(report, plan.gt, plan.levels, jobs=jobs, on_done=on_done, tails=plan.tails)
    report = with_csa(report, measures, plan.levels)
    report["hint"] = [with_keys(hint) if isinstance(hint, str) else hint for hint in report["hint"]]
    folder = claim_dataset_folder(plan.paths.outputs_dir / "prepare", plan.data.name, plan.data.root)
    _write(plan, report, measures, folder / variant)
    logger.info("ground truth %s is at %s", variant, root / variant)
    return _failure(report, people)


def _needed(plan: Plan, table: "pd.DataFrame") -> "pd.DataFrame":
    """Leave out images of other contrasts that are not downloaded: `softcord fetch` leaves them out, too."""
    enters = table["contrast"].isin({*plan.contrasts, plan.gt.reference})
    needed = table[enters | (table["image_state"] == "present")]
    if len(needed) < len(table):
        logger.info("%d images of other contrasts are not downloaded and left out", len(table) - len(needed))
    return needed


def _write(plan: Plan, report: "pd.DataFrame", measures: "pd.DataFrame", folder: Path) -> None:
    from softcord.gt.report import by_contrast, write_csv
    from softcord.gt.variant import recipe
    from softcord.measure.table import write_measures
    from softcord.report.ground_truth_page import write_ground_truth_page

    write_csv(report, folder / "report.csv")
    write_measures(folder / "measures.csv", measures)
    notes = {
        "dataset": str(plan.data.root),
        "contrasts": ", ".join(plan.contrasts),
        "recipe": json.dumps(recipe(plan.gt, plan.contrasts)),
    }
    write_ground_truth_page(report, folder / "report.html", f"{plan.data.name}: {folder.name}", notes=notes)
    show_table(by_contrast(report), f"{plan.data.name}: {folder.name}")
    show(f"\nreport     {folder / 'report.html'}")


def _failure(report: "pd.DataFrame", people: int) -> DataError | None:
    failed = report[report["status"] == "failed"]
    if failed.empty:
        return None
    first = failed.iloc[0]
    names = failed["participant_id"].drop_duplicates()
    what = f"{len(names)} of {people} participants have no ground truth ({listed(list(names), 4)})"
    example = f"; {first['participant_id']} {first['contrast']}: {first['finding']}"
    return DataError("prepare", what + example, str(first["hint"] or "See the report"))
