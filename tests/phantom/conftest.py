"""A tiny phantom, drawn once for all tests of this folder."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from softcord.app.config.compose import compose
from softcord.app.config.instantiate import build
from softcord.phantom.dataset import write_dataset
from softcord.phantom.participant import Imaged, draw_participant, image_participant
from softcord.phantom.settings import PhantomSettings


@pytest.fixture(scope="session")
def tiny() -> PhantomSettings:
    """Settings of the tiny preset, composed as the command line composes them."""
    settings = build(compose("phantom=tiny").config["phantom"], "phantom")
    assert isinstance(settings, PhantomSettings)
    return settings


@pytest.fixture(scope="session")
def tiny_root(tiny: PhantomSettings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny dataset on disk; tests read it only."""
    root = tmp_path_factory.mktemp("phantom") / "tiny"
    write_dataset(tiny, root)
    return root


@pytest.fixture(scope="session")
def imaged(tiny: PhantomSettings) -> Callable[[int, str], Imaged]:
    """Participant ``number`` seen with ``contrast``, computed once."""

    @cache
    def image(number: int, contrast: str) -> Imaged:
        return image_participant(tiny, draw_participant(tiny, number), contrast)

    return image
