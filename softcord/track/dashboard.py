"""What MLflow's pages show first: a saved view of a study's runs, and a note that holds its results."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from softcord.track.addresses import VIEW
from softcord.track.store import NOTE_TAG, PARENT_TAG, STATE_TAG, StudyRecord, tag_study
from softcord.track.table_sizes import learn_table_sizes

# A saved view is an experiment's tag; the dashboard opens it by `?viewStateShareKey=<key>`.
_VIEW_TAG = f"mlflow.sharedViewState.{VIEW}"
# Without its kind an experiment opens on a page about chat traces.
_KIND = {"mlflow.experimentKind": "custom_model_development"}
# MLflow refuses more for a tag's value.
_NOTE_CHARACTERS = 7500
# No more fit into a note: each names its run and its address.
_NOTE_ROWS = 100


def save_view(study: StudyRecord, metrics: Sequence[str], tags: Sequence[str], sort_by: str) -> None:
    """Save a view of the complete runs: columns for ``tags`` and ``metrics``, the highest ``sort_by`` first.

    Runs without that metric come last. An earlier view that differs is replaced.
    """
    client = study.store.client()
    columns = [f"tags.`{name}`" for name in tags] + [f"metrics.`{name}`" for name in metrics]
    state = {
        # The parent run is left out: its children would be folded away below it.
        "searchFilter": f"tags.`{STATE_TAG}` = 'complete'",
        "orderByKey": f"metrics.`{sort_by}`",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "modelVersionFilter": "All Runs",
        "datasetsFilter": [],
        "selectedColumns": columns,
        "columnWidths": dict.fromkeys(columns, 170),
    }
    saved = client.get_experiment(study.experiment_id).tags.get(_VIEW_TAG)
    if saved is not None and json.loads(saved).get("state") == json.dumps(state):
        return
    now_ms = int(time.time() * 1000)
    view = {"name": "Results", "createdAt": now_ms, "updatedAt": now_ms, "state": json.dumps(state)}
    tag_study(study, {**_KIND, _VIEW_TAG: json.dumps(view)})


def results_table(study: StudyRecord, metrics: Sequence[tuple[str, str]], sort_by: str) -> str:
    """Return a Markdown table of the complete runs, one a row, the highest ``sort_by`` first.

    ``metrics``: (metric, heading) of the columns. No more rows than a note holds.
    """
    if study.store.database is not None:
        learn_table_sizes(study.store.database)
    runs = study.store.client().search_runs(
        [study.experiment_id],
        f"tags.`{STATE_TAG}` = 'complete' and tags.`{PARENT_TAG}` = '{study.parent_run_id}'",
        order_by=[f"metrics.`{sort_by}` DESC"],
        max_results=_NOTE_ROWS,
    )
    heads = ["run", *(heading for _, heading in metrics)]
    lines = [_row(heads), _row(["---"] * len(heads))]
    for run in runs:
        values = [run.data.metrics.get(name) for name, _ in metrics]
        cells = ["n/a" if value is None else f"{value:.3g}" for value in values]
        name = f"[{run.info.run_name}](#/experiments/{study.experiment_id}/runs/{run.info.run_id})"
        lines.append(_row([name, *cells]))
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def describe_study(study: StudyRecord, markdown: str) -> None:
    """Set the note of the experiment and of its parent run."""
    note = markdown
    if len(note) > _NOTE_CHARACTERS:
        note = f"{note[:_NOTE_CHARACTERS].rpartition(chr(10))[0]}\n\nThe rest is in the table of runs."
    tag_study(study, {NOTE_TAG: note}, and_parent=True)


def show_outcome(study: StudyRecord, metrics: Mapping[str, float], artifacts: Path) -> None:
    """Put numbers and files on the study's parent run."""
    client = study.store.client()
    for key, value in metrics.items():
        client.log_metric(study.parent_run_id, key, value)
    client.log_artifacts(study.parent_run_id, str(artifacts))
