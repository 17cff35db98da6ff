"""Where the dashboard shows what; without MLflow, which takes seconds to import."""

from urllib.parse import quote

VIEW = "results"  # the saved view of a study's runs


def view_path(experiment_id: str) -> str:
    """Return the dashboard's address of the saved view, below its root."""
    return f"#/experiments/{experiment_id}/runs?workflowType=machine_learning&viewStateShareKey={VIEW}"


def report_path(experiment_id: str, parent_run_id: str) -> str:
    """Return the dashboard's address of the report that `compare` left, below its root."""
    return f"#/experiments/{experiment_id}/runs/{parent_run_id}/artifacts/report.html"


def artifact_picture(run_id: str | None, path: str) -> str:
    """Return Markdown that shows a run's picture on its own page."""
    return f"![{path}](get-artifact?path={quote(path, safe='')}&run_uuid={run_id})"
