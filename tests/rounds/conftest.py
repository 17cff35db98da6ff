"""The dataset of three images with masks that many tests correct, drawn once."""

import shutil
from pathlib import Path

import pytest

from tests.rounds.three_masks import write_three_masks


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_three_masks(tmp_path_factory.mktemp("drawn") / "bids")


@pytest.fixture
def dataset(drawn: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(drawn, tmp_path / "bids"))
