"""Of Hydra: how it expands a sweep, the callbacks that a launcher is handed, and what a job returned."""

from collections.abc import Sequence
from typing import Any

from hydra._internal.callbacks import Callbacks
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.types import Override
from hydra.core.utils import JobReturn, JobStatus
from hydra.types import HydraContext
from omegaconf import DictConfig


def every_combination(overrides: Sequence[Override]) -> list[list[str]]:
    """Return one list of overrides for each combination of the values that they sweep over."""
    (batch,) = BasicSweeper.split_arguments(list(overrides), max_batch_size=None)
    return [list(run) for run in batch]


def launcher_context(config_loader: Any, config: DictConfig) -> HydraContext:
    """Return what a launcher is instantiated with."""
    return HydraContext(config_loader=config_loader, callbacks=Callbacks(config))


def returned(job: JobReturn) -> Any:
    """Return what a job returned, None where it failed; ``job.return_value`` would raise its error here."""
    return job._return_value if job.status == JobStatus.COMPLETED else None
