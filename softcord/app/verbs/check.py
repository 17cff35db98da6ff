"""``softcord check``: report on a dataset without changing it."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.app.config.compose import Composed
from softcord.app.config.help import usage_of
from softcord.app.config.plan import Plan, jobs_of, make_plan
from softcord.app.console.exit_codes import DATA, DONE
from softcord.app.console.progress import phase
from softcord.app.console.remedies import with_keys
from softcord.app.console.streams import show
from softcord.app.console.terminal import show_table, start_logging
from softcord.app.sweeps.launch import launch_once
from softcord.io.dataset_folder import claim_dataset_folder

if TYPE_CHECKING:
    from softcord.data.checks.dataset import DatasetCheck
    from softcord.data.settings import DataSettings

MATRIX_ROWS = 30  # more participants than fit a terminal are shown on the page only


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb; the exit code is 3 when something that is needed is missing or broken."""
    start_logging()
    return launch_once(_check, sys.argv[1:] if arguments is None else arguments, usage_of("check"))


def _check(composed: Composed) -> int:
    plan = make_plan(composed)
    plans = plan.for_each_dataset()
    are_usable = [_check_one(one, is_alone=len(plans) == 1) for one in plans]
    return DONE if all(are_usable) else DATA


def _check_one(plan: Plan, *, is_alone: bool) -> bool:
    from softcord.data.checks.dataset import check_dataset

    settings = plan.data
    if plan.needs_phantom:
        from softcord.app.inputs.training_data import make_phantom

        make_phantom(plan)
    depth = plan.check.depth
    with phase(f"check {settings.name}", 0 if depth == "names" else _count(settings)) as on_done:
        check = check_dataset(
            settings,
            gt=plan.gt.name,
            contrasts=plan.contrasts,
            depth=depth,
            bids=plan.check.bids,
            needs_every_contrast=is_alone,
            jobs=jobs_of(plan),
            on_done=on_done,
        )
    findings = tuple(replace(one, hint=with_keys(one.hint)) for one in check.findings)
    check = replace(check, findings=findings)
    _report(check, claim_dataset_folder(plan.paths.outputs_dir / "check", settings.name, settings.root))
    return check.is_usable


def _count(settings: "DataSettings") -> int:
    from softcord.data.index import scan_dataset

    return len(scan_dataset(settings.root, image_names=settings.image_names).images)


def _report(check: "DatasetCheck", folder: Path) -> None:
    from softcord.data.checks.findings import findings_table
    from softcord.data.checks.tables import contrast_table, findings_text, matrix
    from softcord.io.tables import write_table
    from softcord.report.check_page import write_check_page

    show_table(contrast_table(check), f"{check.root}")
    cells = matrix(check)
    if len(cells) <= MATRIX_ROWS:
        show_table(
            cells.reset_index(),
            "h hard mask, s soft label, d disc labels; ○ not downloaded, ✗ cannot be used",
        )
    show(f"\nFindings, worst first\n\n{findings_text(check)}")
    write_check_page(folder / "check.html", check)
    write_table(folder / "findings.tsv", findings_table(check.findings))
    show(f"\nEvery finding by file: {folder / 'check.html'}, {folder / 'findings.tsv'}")
