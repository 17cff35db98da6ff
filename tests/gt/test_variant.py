"""Names of ground-truth variants, and settings that cannot work."""

from dataclasses import replace

import pytest

from softcord.contrasts import NAMED_SETS, PAPER_SIX
from softcord.gt.settings import GtSettings
from softcord.gt.variant import variant_name


def test_the_default_recipe_has_the_public_datasets_name():
    assert variant_name(GtSettings(), PAPER_SIX) == "labels_softseg"
    assert variant_name(GtSettings(), PAPER_SIX[::-1]) == "labels_softseg"
    assert variant_name(GtSettings(name="soft_bin"), PAPER_SIX) == "labels_softseg_bin"


def test_every_choice_makes_another_name():
    choices = [
        {"reference": "T1w"},
        {"alignment": "rigid"},
        {"unmatched_slices": "zero"},
        {"weighting": "equal"},
        {"weighting": "user", "weights": {"T1w": 2.0}},
        {"weighting": "user", "weights": {"T1w": 3.0}},
        {"beyond_reference": False},
        {"trim_mm": 8.0},
        {"trim_mm": 8.0, "trim_except": ()},
        {"interpolation": "nearest"},
        {"slab": "centre"},
        {"rotation_smoothing_mm": 4.0},
    ]
    names = [variant_name(replace(GtSettings(), **choice), PAPER_SIX) for choice in choices]
    names += [variant_name(GtSettings(), NAMED_SETS[count]) for count in (2, 4, 6)]
    assert len(set(names)) == len(names)


def test_a_name_says_what_it_holds():
    name = variant_name(GtSettings(alignment="rigid", trim_mm=8.0), ("dwi", "T1w"))
    assert name.startswith("labels_softseg-T1wdwi-rigid-trim8mm-")


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"reference": "T3w"}, "reference"),
        ({"weighting": "user"}, "weights"),
        ({"weights": {"T1w": 1.0}}, "weights"),
        ({"weighting": "user", "weights": {"T1w": -1.0}}, "weights"),
        ({"weighting": "user", "weights": {"T9": 1.0}}, "weights"),
        ({"trim_mm": -1.0}, "trim_mm"),
        ({"rotation_smoothing_mm": float("nan")}, "rotation_smoothing_mm"),
    ],
)
def test_settings_that_make_no_ground_truth_are_refused_by_name(wrong, key):
    with pytest.raises(ValueError, match=f"^{key}: "):
        GtSettings(**wrong)
