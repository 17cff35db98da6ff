"""Fixtures that every test can use."""

import gc
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# Tests run beside each other, where a second thread each would only wait. Read when torch is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


def pytest_configure() -> None:
    """Let Python look for garbage seldom: among all that torch loads, a look costs a tenth of the time."""
    gc.set_threshold(200_000, 50, 1000)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of small real data sets; tests that need it are skipped where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the small real data set (../shared/data) is not here")
    return SHARED_DATA


@pytest.fixture(scope="session", autouse=True)
def own_cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep tests, and programs that they start, away from the user's cache folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def no_handlers_of_the_test_before() -> Iterator[None]:
    """Take away what a verb has set up to show messages: it writes to what pytest has closed meanwhile."""
    yield
    logging.getLogger("softcord").handlers = []
