"""What many commands begin with, made once: an empty store, the tiny phantom and its soft ground truth."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from softcord.app.config.compose import compose
from softcord.app.config.plan import make_plan
from softcord.app.inputs.training_data import open_dataset
from softcord.track import store
from tests.quick import Lay


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tables of an empty store are kept once they have been made."""
    return tmp_path_factory.mktemp("store") / "empty.db"


@pytest.fixture(scope="module", autouse=True)
def empty_stores_are_copies(empty_store: Path) -> Iterator[None]:
    """Let the stores of tests that only use one begin as a copy: MLflow takes seconds to make its tables."""
    create = store._create

    def copied(database: Path) -> None:
        if not empty_store.exists():
            create(empty_store)
        shutil.copy(empty_store, database)
        store._use_write_ahead_log(database)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_create", copied)
        yield


@pytest.fixture(scope="session")
def lay_tiny_phantom(tmp_path_factory: pytest.TempPathFactory) -> Lay:
    """Return what copies phantom=tiny into a folder, with its soft averages of six and of two contrasts."""
    # One for all processes that test.
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    made = shared / "tiny-phantom"
    with FileLock(shared / "tiny-phantom.lock"):
        if not made.exists():
            half_made = shared / "tiny-phantom.half"
            shutil.rmtree(half_made, ignore_errors=True)
            half_made.mkdir()
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(half_made)
                for contrasts in ("6", "2"):
                    open_dataset(
                        make_plan(compose("phantom=tiny", f"contrasts={contrasts}", "machine.jobs=1"))
                    )
            half_made.rename(made)

    def lay(folder: Path) -> None:
        shutil.copytree(made / "data", folder / "data")

    return lay
