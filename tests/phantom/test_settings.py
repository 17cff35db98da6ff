from dataclasses import replace

import pytest

from softcord.app.config.compose import compose
from softcord.app.config.instantiate import build
from softcord.errors import UsageError
from softcord.phantom.settings import PathologySettings, PhantomSettings, ScanSettings

SCAN = ScanSettings((4, 4, 4), (1.0, 1.0, 1.0), (0.0, 0.0))


def preset(name, *overrides):
    return build(compose(f"phantom={name}", *overrides).config["phantom"], "phantom")


def test_defaults_are_the_demo_preset():
    assert preset("demo") == PhantomSettings()


@pytest.mark.parametrize("name", ["tiny", "demo", "full"])
def test_every_preset_scans_the_papers_six_contrasts_at_their_resolution(name):
    scans = preset(name).scans
    assert {contrast: scan.voxel_mm for contrast, scan in scans.items()} == {
        "T1w": (1.0, 1.0, 1.0),
        "T2w": (0.8, 0.8, 0.8),
        "T2star": (0.5, 0.5, 3.0),
        "MTon": (0.9, 0.9, 5.0),
        "GREt1w": (0.9, 0.9, 5.0),
        "dwi": (0.9, 0.9, 5.0),
    }


def test_the_full_preset_has_the_public_datasets_number_of_participants():
    assert preset("full").n_participants == 267


def test_the_default_biases_sum_to_zero():
    assert sum(PhantomSettings().boundary_bias_mm.values()) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n_participants", 0),
        ("seed", -1),
        ("scans", {}),
        ("scans", {"T3w": SCAN}),
        ("boundary_bias_mm", {"T1w": 0.0}),
        ("boundary_error_sd_mm", -0.1),
        ("motion_deg", -1.0),
        ("csa_mean_mm2", 5.0),
    ],
)
def test_a_value_out_of_range_is_refused_by_its_name(field, value):
    with pytest.raises(ValueError, match=rf"^{field}: "):
        replace(PhantomSettings(), **{field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("matrix", (1, 4, 4)),
        ("voxel_mm", (1.0, 0.0, 1.0)),
        ("axcodes", "LAX"),
        ("axcodes", "LAP"),
        ("noise", -1.0),
    ],
)
def test_a_scan_out_of_range_is_refused_by_its_name(field, value):
    with pytest.raises(ValueError, match=rf"^{field}: "):
        replace(SCAN, **{field: value})


def test_a_misspelt_key_of_a_scan_is_refused():
    with pytest.raises(UsageError, match=r"phantom\.scans\.T1w\.nois"):
        preset("tiny", "+phantom.scans.T1w.nois=0")


def test_identity_changes_with_every_setting_but_not_with_their_order():
    settings = PhantomSettings()
    reordered = replace(settings, boundary_bias_mm=dict(reversed(settings.boundary_bias_mm.items())))
    assert reordered.identity == settings.identity
    assert replace(settings, seed=1).identity != settings.identity
    assert replace(settings, scans={**settings.scans, "T1w": SCAN}).identity != settings.identity


@pytest.mark.parametrize(
    ("name", "identity"),
    [
        ("tiny", "c963c83b8a252ac81fbf51bc10979332866970c5cd35ef2b908d6c3bf5930f71"),
        ("demo", "8f6d34ae70ca9b3c75bb11d5841b641cd44ce36499bdad57a3ad303abbec2c9c"),
        ("full", "695446a424da154cbe79db5ca1ef828c775d143f48e51b42477788b7f935b556"),
    ],
)
def test_settings_that_came_later_do_not_make_old_datasets_others(name, identity):
    assert preset(name).identity == identity


def test_later_settings_are_part_of_the_identity_where_they_are_used():
    scans = {"T2star": replace(SCAN, dropout=0.5)}
    plain = replace(PhantomSettings(), scans={"T2star": SCAN})
    assert replace(plain, scans=scans).identity != plain.identity
    assert replace(plain, region="thoracolumbar").identity != plain.identity
    assert replace(plain, pathology=PathologySettings("MS")).identity != plain.identity
