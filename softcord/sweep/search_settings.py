"""What a search is asked for and what its trials come to; nothing here needs Optuna."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Direction = Literal["minimize", "maximize"]
Sampler = Literal["tpe", "gp", "cmaes", "random", "qmc", "nsgaii"]
Pruner = Literal["median", "hyperband", "none"]


@dataclass(frozen=True)
class SearchSettings:
    """How to search (conf/hydra/sweeper/softcord_optuna.yaml explains each)."""

    n_trials: int = 30
    n_jobs: int = 1
    sampler: Sampler = "tpe"
    pruner: Pruner = "median"
    seed: int = 1
    max_failures: int = 3

    def __post_init__(self) -> None:
        """Refuse numbers that cannot work."""
        for field, least in (("n_trials", 1), ("n_jobs", 1), ("seed", 0), ("max_failures", 0)):
            if getattr(self, field) < least:
                raise ValueError(f"{field}: must be at least {least}, got {getattr(self, field)}")


@dataclass(frozen=True)
class TrialSettings:
    """What a run is measured by in a search; the sweeper fills in of which search and trial it is.

    ``objective`` is a metric of measures.csv, or several.
    """

    objective: str | tuple[str, ...]
    database: str | None = None
    name: str | None = None
    trial: int | None = None

    @property
    def metrics(self) -> tuple[str, ...]:
        """The objectives' names."""
        return (self.objective,) if isinstance(self.objective, str) else self.objective


@dataclass(frozen=True)
class Trial:
    """One set of values to try, by key."""

    number: int
    values: Mapping[str, float | int | str]


@dataclass(frozen=True)
class Outcome:
    """How a trial ended: with a value per objective, or pruned."""

    values: tuple[float, ...] = ()
    pruned: bool = False
