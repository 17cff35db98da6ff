"""Nodes of the configuration that only the application reads."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Paths:
    """Folders, relative to that in which the command is run.

    ``outputs`` holds results, ``data`` phantoms and cached volumes, ``store`` the MLflow store.
    """

    outputs: object
    data: object
    store: object

    def __post_init__(self) -> None:
        """Refuse an empty name (``paths.outputs=$UNSET``), which would stand for the working directory."""
        for key in ("outputs", "data", "store"):
            if not isinstance(getattr(self, key), str) or not getattr(self, key):
                raise ValueError(f"{key}: must be a folder, got {getattr(self, key)!r}")

    @property
    def outputs_dir(self) -> Path:
        """Where results lie, a folder a study."""
        return Path(str(self.outputs))

    @property
    def data_dir(self) -> Path:
        """Where phantoms and cached volumes lie."""
        return Path(str(self.data))

    @property
    def store_dir(self) -> Path:
        """Where the MLflow store lies."""
        return Path(str(self.store))


@dataclass(frozen=True)
class CheckSettings:
    """What ``softcord check`` looks into; ``bids`` asks the official validator, too.

    ``depth`` is checked where it is used: :func:`softcord.data.checks.dataset.check_dataset`.
    """

    depth: Any = "voxels"
    bids: bool = False


@dataclass(frozen=True)
class CompareSettings:
    """What ``softcord compare`` asks and shows, as it stands in the configuration.

    Questions, figures and claims are read one by one, since each may be about a dataset of its own
    (:func:`softcord.app.config.study_settings.study_settings`).
    """

    measures: Any = ()
    questions: Any = ()
    figures: Any = ()
    claims: Any = ()
    same_data: Any = False
    breakdown: Any = ()
    people: Any = None
    reference: Any = None
    correction: Any = "bonferroni"
    unit_of_analysis: Any = "participant"
    qc: Any = 12
    overlays: Any = 0
    soft_values: Any = 6
    allow_different: Any = False
