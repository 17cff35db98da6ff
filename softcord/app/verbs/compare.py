"""``softcord compare``: is B better than A? Paired statistics, tables, figures and report of a study."""

import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import softcord
from softcord.app.config.compose import Composed
from softcord.app.config.datasets import with_name
from softcord.app.config.help import usage_of
from softcord.app.config.instantiate import build
from softcord.app.config.study_settings import study_settings
from softcord.app.config.values import study_name
from softcord.app.console.exit_codes import DONE
from softcord.app.console.progress import phase
from softcord.app.console.remedies import with_keys
from softcord.app.console.streams import show
from softcord.app.console.terminal import show_table, start_logging
from softcord.app.models.run_names import find_study
from softcord.app.records.leakage import leakage_notes
from softcord.app.records.missing_images import count_missing
from softcord.app.records.people import read_people
from softcord.app.records.same_test import check_alike, named_apart
from softcord.app.results.by_dataset import by_dataset, write_overview
from softcord.app.results.overlays import overlays
from softcord.app.results.soft_values import study_values
from softcord.app.results.visual_check import EXCLUDE_WORDS, visual_check
from softcord.app.sweeps.launch import launch_once
from softcord.errors import DataError
from softcord.hints import counted
from softcord.io.names import file_name
from softcord.sweep.folder import MEASURES, PROVENANCE
from softcord.track.check_store import check_store

if TYPE_CHECKING:
    import pandas as pd

    from softcord.report.settings import StudySettings
    from softcord.report.study import Background
    from softcord.sweep.ledger import Run

logger = logging.getLogger("softcord")

_VERDICTS_SHOWN = 12
_OUTPUTS = ("comparisons.csv", "report.html", "tables", "figures")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb and return its exit code."""
    start_logging()
    return launch_once(compare_study, sys.argv[1:] if arguments is None else arguments, usage_of("compare"))


def compare_study(composed: Composed) -> int:
    """Compare a study's finished runs (or the given files), write and log the results, show the summary.

    Runs on different datasets are compared dataset by dataset, each in a folder of its own, with one table
    over all of them.
    """
    config: Mapping[str, Any] = with_name(composed.config)
    options = config["compare"]
    build(options, "compare")
    folder = Path(config["paths"]["outputs"]) / study_name(config["study"])
    study_settings(options, str(config["levels"]))  # a wrong entry is refused, whatever dataset it is about
    if not options["measures"]:
        folder = find_study(folder.name, folder.parent)
        config = {**config, "study": folder.name}
    if options["measures"]:
        _compare(config, config["data"]["name"], folder, folder, [])
        return DONE
    check_store(Path(config["paths"]["store"]))
    run_of = {folder / run.name: run for run in finished_runs(folder)}
    groups = {data: [run_of[path] for path in paths] for data, paths in by_dataset([*run_of]).items()}
    if len(groups) == 1:
        ((data, runs),) = groups.items()
        _compare(config, data, folder, folder, runs)
        return DONE
    tables = {
        data: _compare(config, data, folder, folder / file_name(data), runs) for data, runs in groups.items()
    }
    write_overview(config["study"], folder, tables)
    _log(config, folder)
    show(f"\nall        {(folder / 'report.html').absolute().as_uri()}")
    return DONE


def _compare(
    config: Mapping[str, Any], data: str, folder: Path, out: Path, runs: "Sequence[Run]"
) -> "pd.DataFrame":
    """Compare the runs in ``folder`` that were tested on one dataset; return the summary that was shown."""
    from softcord.report.study import n_files, write_study

    options = config["compare"]
    settings = study_settings(options, str(config["levels"]), data)
    dirs = _run_dirs(options, folder, runs)
    with phase("reading the measures", 0):
        notes = [] if options["allow_different"] else check_alike(dirs)
        measures = _load(dirs, options, settings)
    study = config["study"] if out == folder else f"{config['study']}, {data}"
    if measures.empty:
        logger.info("%s: nothing was measured, so there is nothing to compare", study)
        return measures
    measures, renamed = named_apart(measures, {path.name: path for path in dirs})
    jobs = config["machine"]["jobs"] or os.cpu_count() or 1
    with phase("looking at the images", 0):
        background = _background(options, folder, runs, measures, [*renamed, *notes], settings)
        soft = study_values(dirs, measures, options["soft_values"], jobs)
    settings = _by_dataset(settings, background.participants)
    background = replace(background, soft_values=soft)
    with phase("report", n_files(measures, settings)) as on_done:
        comparisons = write_study(measures, study, out, settings, background, on_done)
    if runs:
        _log(config, out, "" if out == folder else data)
    return _show(study, out, measures, comparisons, settings, background)


def finished_runs(folder: Path) -> "list[Run]":
    """Return the complete runs of a study; of runs of one configuration, the last.

    Raises:
        DataError: there is none.
    """
    from softcord.sweep.ledger import read_study

    runs = read_study(folder)
    complete = list({run.config_hash: run for run in runs if run.is_complete}.values())
    if not complete:
        what = f"has no finished run ({len(runs)} begun)" if runs else "has no run"
        raise DataError(folder, what, f"Run `python -m softcord.train study={folder.name}` first")
    return complete


def unfinished_methods(folder: Path) -> dict[str, str]:
    """Return by method why its runs in a study did not end."""
    from softcord.sweep.ledger import read_study

    return {
        run.method: with_keys(run.reason) or run.state for run in read_study(folder) if not run.is_complete
    }


def _run_dirs(options: Mapping[str, Any], folder: Path, runs: "Sequence[Run]") -> list[Path]:
    """Return the folders whose measures are compared: of the given files, or of the study's runs."""
    return [Path(name).parent for name in options["measures"]] or [folder / run.name for run in runs]


def _load(dirs: Sequence[Path], options: Mapping[str, Any], settings: "StudySettings") -> "pd.DataFrame":
    from softcord.report.settings import metrics_needed
    from softcord.stats.load import load_measures

    files = [Path(name) for name in options["measures"]] or [path / MEASURES for path in dirs]
    return load_measures(files, metrics_needed(settings), settings.level)


def _background(
    options: Mapping[str, Any],
    folder: Path,
    runs: "Sequence[Run]",
    measures: "pd.DataFrame",
    said: Sequence[str],
    settings: "StudySettings",
) -> "Background":
    import pandas as pd

    from softcord.report.study import Background
    from softcord.stats.outliers import outlying_people
    from softcord.stats.questions import DEFAULT_QUESTIONS

    dirs = _run_dirs(options, folder, runs)
    asked = [one.metric for one in settings.questions or DEFAULT_QUESTIONS if one.kind == "methods"]
    named = outlying_people(measures, asked, settings.level)
    qc = visual_check(folder, measures, int(options["qc"]), named) if runs else ()
    lacks = _lacks(measures, no_images=bool(options["qc"] and not qc))
    notes = (*leakage_notes(dirs, measures), *said, *lacks)
    for note in notes:
        logger.warning("%s", note)
    dataset = Path(options["people"]) if options["people"] else None
    participants, sessions = read_people(dirs, dataset, map(str, measures["participant_id"].unique()))
    return Background(
        byline=_byline(measures),
        notes=notes,
        qc=qc,
        provenance=pd.DataFrame([_provenance(folder, run) for run in runs]),
        participants=participants,
        sessions=sessions,
        unfinished={} if options["measures"] else unfinished_methods(folder),
        figures=overlays(folder, runs, measures, int(options["overlays"])),
        exclude_words=EXCLUDE_WORDS,
    )


def _byline(measures: "pd.DataFrame") -> str:
    runs, people = (measures[name].nunique() for name in ("run", "participant_id"))
    return f"{counted(runs, 'run')}, {counted(people, 'test participant')}; softcord {softcord.__version__}"


def _lacks(measures: "pd.DataFrame", *, no_images: bool) -> Iterator[str]:
    """Say what a reader of the report would look for and not find."""
    if no_images:
        yield "No images for the visual check were found."
    if measures["participant_id"].nunique() == 1:
        yield "One test participant: values without tests. Test on more (split.hold_out_test, split.test)."


def _provenance(folder: Path, run: "Run") -> dict[str, object]:
    path = folder / run.name / PROVENANCE
    recorded = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {
        "run": run.name,
        "method": run.method,
        "seed": run.seed,
        "overrides": " ".join(run.overrides),
        "seconds": run.seconds,
        "images_missing": count_missing(folder / run.name),
        "fingerprint": run.fingerprint[:12],
        **recorded,
    }


def _by_dataset(settings: "StudySettings", participants: "pd.DataFrame | None") -> "StudySettings":
    """Ask for a breakdown by dataset where there are several."""
    several = participants is not None and "dataset" in participants and participants["dataset"].nunique() > 1
    if not several or "dataset" in settings.breakdown:
        return settings
    return replace(settings, breakdown=(*settings.breakdown, "dataset"))


def _log(config: Mapping[str, Any], folder: Path, place: str = "") -> None:
    """Copy the results of a comparison to the study's own run in the store, below ``place``."""
    from softcord.track.store import open_store, open_study

    study = open_study(open_store(Path(config["paths"]["store"])), config["study"])
    client = study.store.client()
    for name in _OUTPUTS:
        path = folder / name
        if path.is_dir():
            client.log_artifacts(study.parent_run_id, str(path), f"{place}/{name}".strip("/"))
        elif path.exists():
            client.log_artifact(study.parent_run_id, str(path), place or None)


def _show(
    study: str,
    folder: Path,
    measures: "pd.DataFrame",
    comparisons: "pd.DataFrame",
    settings: "StudySettings",
    background: "Background",
) -> "pd.DataFrame":
    """Print the summary, the verdicts and where the results lie; return the summary."""
    from softcord.report.missing_methods import missing_methods, with_missing
    from softcord.report.summary import summary_table
    from softcord.report.verdicts import verdicts

    absent = missing_methods(settings, measures, background.unfinished)
    main = next((one.metric for one in settings.questions if one.kind == "methods"), None)
    table = with_missing(summary_table(measures, settings.level, main), absent)
    people = counted(measures["participant_id"].nunique(), "test participant")
    show_table(table, f"{study}: mean ± SD over {people}")
    show()
    for line in verdicts(comparisons, set(measures["method"].unique()))[:_VERDICTS_SHOWN]:
        show(line)
    show(f"\n{counted(len(comparisons), 'test')}   {folder / 'comparisons.csv'}")
    show(f"report     {(folder / 'report.html').absolute().as_uri()}")
    return table
