"""The options of conf/gt say what the code does."""

from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from softcord.app.config.compose import compose
from softcord.app.config.instantiate import build
from softcord.gt.settings import GtSettings

FOLDER = Path(__file__).parents[2] / "conf" / "gt"


def test_the_default_option_spells_out_every_default():
    written = yaml.safe_load((FOLDER / "soft.yaml").read_text())
    assert set(written) - {"_target_"} == {field.name for field in fields(GtSettings)}
    assert build(written, "gt") == GtSettings()


@pytest.mark.parametrize("option", sorted(path.stem for path in FOLDER.glob("*.yaml")))
def test_every_option_builds_settings_of_its_name(option):
    settings = build(compose(f"gt={option}").config["gt"], "gt")
    assert isinstance(settings, GtSettings)
    assert settings.name == option
