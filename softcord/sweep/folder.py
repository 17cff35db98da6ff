"""The folder of a run, ``outputs/<study>/<run>/``: what its files are called, and its configuration."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

RUN = "run.json"  # its state; see softcord.sweep.ledger
LOG = "log.txt"

# What it was started with.
CONFIG = "config.yaml"
OVERRIDES = "overrides.txt"
SPLIT = "split.yaml"
PARTICIPANTS = "participants.tsv"
ENVIRONMENT = "environment.txt"
PROVENANCE = "provenance.json"
TRAINED_ON = "trained_on.json"  # what the model says about its training
TEST_IMAGES = "test.csv"

# What came of it.
MEASURES = "measures.csv"
THRESHOLDS = "thresholds.csv"  # CSA of the predictions binarised at thresholds
CSA_INTERVAL = "csa_interval.json"  # how doubt becomes an interval of CSA, by the validation participants
VALIDATION = "validation"  # their masks, as predictions
CALIBRATION = "calibration.csv"  # of their values, near the border
MISSING = "missing.csv"  # test images without a usable mask
PREDICTIONS = "predictions"  # a BIDS derivatives dataset
QC_PAGE = "qc.html"
MODEL = "model"  # the package of the trained net

# What engines work in.
CHECKPOINTS = "checkpoints"
MODELS = "models"  # a run's folder for each contrast, where each has a model of its own
ROUNDS = "rounds"  # where a run trains again and again: a folder for each round but the last
ROUNDS_TABLE = "rounds.tsv"  # in it: the images that were chosen, and what their masks lacked
NNUNET = "nnunet"
TOOL = "tool"


def run_config(run_dir: Path) -> dict[str, Any]:
    """Return the configuration that a run was started with, empty where it did not say."""
    path = (run_dir / CONFIG).absolute()
    return _parsed(path, path.stat().st_mtime_ns) if path.exists() else {}


@cache
def _parsed(path: Path, _modified_ns: int) -> dict[str, Any]:
    # Slow for the thousand runs of a large study, which are asked for more than once.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return dict(yaml.load(path.read_text(encoding="utf-8"), Loader=loader) or {})
