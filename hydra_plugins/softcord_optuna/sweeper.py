"""Hydra's side of a search: arguments in, batches to whichever launcher was chosen."""

# Hydra imports every plugin at its start, and without entering it in sys.modules: keep imports light, and no
# `from __future__ import annotations`.
import logging
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hydra.plugins.sweeper import Sweeper

if TYPE_CHECKING:
    from hydra.plugins.launcher import Launcher
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig

logger = logging.getLogger("softcord")


class SoftcordOptunaSweeper(Sweeper):
    """``hydra/sweeper=softcord_optuna``; conf/hydra/sweeper/softcord_optuna.yaml explains the settings."""

    def __init__(self, params: Any = None, **settings: Any) -> None:
        self.params = {str(key): str(value) for key, value in (params or {}).items()}
        self.settings = settings
        self.launcher: Launcher | None = None

    def setup(
        self, *, hydra_context: "HydraContext", task_function: "TaskFunction", config: "DictConfig"
    ) -> None:
        """Take the launcher that the command chose."""
        from hydra.core.plugins import Plugins

        self.config, self.hydra_context = config, hydra_context
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        """Search every combination of the comma-separated values."""
        from softcord.app.console.exit_codes import guarded
        from softcord.app.sweeps.search import conduct

        # Hydra would print an error of a sweeper in its own way.
        code = guarded(lambda: conduct(arguments, self.params, self.settings, self._launch))
        if code:
            sys.exit(code)

    def _launch(self, runs: Sequence[Sequence[str]], first: int) -> list[Any]:
        """Run a batch; return what its jobs returned, None for one that failed.

        A launcher that breaks down, as joblib's does when a worker is killed, gets the runs once more one by
        one: those that were complete are recognised, and only one that breaks it alone has failed.
        """
        from softcord.compat.hydra import returned
        from softcord.errors import SoftcordError

        assert self.launcher is not None
        self.validate_batch_is_legal(runs)
        try:
            returns = self.launcher.launch(runs, initial_job_idx=first)
        except (SoftcordError, MemoryError):
            raise
        except Exception as error:
            logger.warning("the launcher gave up (%s: %s)", type(error).__name__, error)
            if len(runs) == 1:
                return [None]
            return [self._launch([run], first + number)[0] for number, run in enumerate(runs)]
        return [returned(one) for one in returns]
