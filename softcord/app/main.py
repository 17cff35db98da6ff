"""The ``softcord`` command: one verb, then that verb's own arguments."""

import importlib
import sys

import softcord
from softcord.app.console.exit_codes import guarded
from softcord.app.console.streams import open_standard_streams, say, show
from softcord.hints import did_you_mean

# Verb: (module with main(arguments) -> exit code, what it does).
VERBS = {
    "phantom": ("softcord.app.verbs.phantom", "write the synthetic dataset"),
    "fetch": ("softcord.app.verbs.fetch", "download the files of a dataset that a study needs"),
    "check": ("softcord.app.verbs.check", "report on a dataset without changing it"),
    "prepare": ("softcord.app.verbs.prepare", "build the soft ground truth of a dataset"),
    "train": ("softcord.app.verbs.train", "train, predict and measure one method or a sweep of them"),
    "predict": ("softcord.app.verbs.predict", "segment the cord in images"),
    "ingest": (
        "softcord.app.verbs.ingest",
        "adopt a method's predictions, or run a known program, and measure it",
    ),
    "model": ("softcord.app.verbs.model", "registered models: list, show, promote, test"),
    "export": ("softcord.app.verbs.export", "give a trained model away: package, ONNX, MONAI bundle"),
    "evaluate": ("softcord.app.verbs.evaluate", "test trained methods on another dataset"),
    "measure": ("softcord.app.verbs.measure", "cross-sectional area and shape of cord masks"),
    "drift": ("softcord.app.verbs.drift", "does a new model measure what the old one did? A gate for CI"),
    "compare": ("softcord.app.verbs.compare", "paired statistics, tables, figures and report of a study"),
    "study": ("softcord.app.verbs.study", "the runs of a study: status, show, rerun, clean"),
    "review": ("softcord.app.verbs.review", "look at every mask of a dataset and rate it"),
    "correct": ("softcord.app.verbs.correct", "correct the masks that need it most, and take them back"),
    "loop": ("softcord.app.verbs.loop", "the rounds of correcting and training again: status"),
    "bids": ("softcord.app.verbs.bids", "segment a BIDS dataset as BIDS-Apps do: BIDS_DIR OUT_DIR LEVEL"),
    "ui": ("softcord.app.verbs.ui", "open the MLflow dashboard on this machine"),
}


def main(arguments: list[str] | None = None) -> int:
    """Run a verb and return its exit code (0 done, 1 failed, 2 usage, 3 data, 4 study, 130 interrupted)."""
    open_standard_streams()
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ("-h", "--help"):
        (show if arguments else say)(usage())
        return 0 if arguments else 2
    verb, *rest = arguments
    if verb == "--version":
        show(f"softcord {softcord.__version__}")
        return 0
    if verb not in VERBS:
        hint = did_you_mean(verb, VERBS, otherwise=f"Verbs: {', '.join(VERBS)}.")
        say(f"softcord: {verb}: is not a verb. {hint}")
        return 2
    return guarded(lambda: int(importlib.import_module(VERBS[verb][0]).main(rest)))


def usage() -> str:
    """Return the list of verbs."""
    width = max(map(len, VERBS))
    lines = [f"  {verb.ljust(width)}  {what}" for verb, (_, what) in VERBS.items()]
    return "\n".join(["usage: softcord VERB ...", "", *lines, "", "softcord VERB --help says more."])
