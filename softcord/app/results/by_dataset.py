"""The datasets of a study: runs that were tested on different ones are never compared with each other."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import softcord
from softcord.app.console.terminal import show_table
from softcord.data.name import dataset_name
from softcord.hints import counted
from softcord.io.files import write_text
from softcord.io.names import file_name
from softcord.report import html
from softcord.report.overview import overview
from softcord.report.tables import write_tables
from softcord.sweep.folder import run_config

if TYPE_CHECKING:
    import pandas as pd

STAND_IN = "phantom-"  # data=phantom names the variant of an external set after it


def by_dataset(run_dirs: Sequence[Path]) -> dict[str, list[Path]]:
    """Sort runs by the name of the dataset they were tested on, in order of first use."""
    groups: dict[str, list[Path]] = {}
    for run_dir in run_dirs:
        groups.setdefault(dataset_of(run_dir), []).append(run_dir)
    return groups


def dataset_of(run_dir: Path) -> str:
    """Return the name of the dataset that a run was tested on, "" where it did not say."""
    data = run_config(run_dir).get("data", {})
    name = str(data.get("name", ""))
    # What every dataset of one's own was called, before they had names of their own.
    return dataset_name(Path(data["root"])) if name == "bids" and data.get("root") else name


def is_about(dataset: str | None, name: str) -> bool:
    """Whether what is said of ``dataset`` (None: of any) is said of the dataset ``name`` or its stand-in."""
    return dataset is None or name in (dataset, f"{STAND_IN}{dataset}")


def write_overview(study: str, folder: Path, summaries: "Mapping[str, pd.DataFrame]") -> None:
    """Write one table over all datasets of a study (``tables/datasets``), and a page that shows it."""
    table = overview(summaries)
    write_tables(table, folder / "tables", "datasets")
    notes = tuple(
        f"{data}: nothing was measured."
        if summary.empty
        else f"{data}: questions and figures are in {file_name(data)}/report.html."
        for data, summary in summaries.items()
    )
    byline = f"{counted(len(summaries), 'dataset')}; softcord {softcord.__version__}"
    page = html.page(html.Report(study=study, byline=byline, summary=table, notes=notes))
    write_text(folder / "report.html", page)
    show_table(table, f"{study}: mean ± SD over the participants of each dataset")
