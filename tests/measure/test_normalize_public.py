"""The public table of normal values is what the same rule makes of its people's slices."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from softcord.measure.files import FileMeasures, MaskFiles
from softcord.measure.normalize import PAM50_SLICES, normalized

Floats = npt.NDArray[np.float64]
MEASURES = ("area_mm2", "diameter_ap_mm", "diameter_rl_mm")
DATASETS = ("spine-generic_multi-subject", "whole-spine")
PEOPLE = 5  # of each; all of them give the same answer in minutes


@pytest.fixture(scope="module")
def table(shared_data: Path) -> dict[str, npt.NDArray[np.generic]]:
    """Return the arrays of the public table."""
    path = shared_data / "morphometry/profiles.npz"
    if not path.exists():
        pytest.skip("the public table of morphometry is not here")
    with np.load(path) as arrays:
        return dict(arrays)


def test_the_template_s_slices_of_each_level_are_the_table_s(
    table: dict[str, npt.NDArray[np.generic]],
) -> None:
    slices = pd.Series(table["slice"].astype(int)).groupby(table["vertebral_level"].astype(int))
    assert {level: (one.min(), one.max()) for level, one in slices} == PAM50_SLICES


def whole_levels(profile: npt.NDArray[np.float16], levels: npt.NDArray[np.generic]) -> dict[int, Floats]:
    """A person's levels without a gap, whose neighbours are there too, slices from below."""
    filled = {level: ~np.isnan(profile[levels == level]) for level in PAM50_SLICES}
    return {
        level: profile[levels == level]
        for level in PAM50_SLICES
        if filled[level].all() and all(filled.get(near, np.zeros(1)).any() for near in (level - 1, level + 1))
    }


def weights(count: int, n: int, *, centred: bool) -> Floats:
    """How ``n`` slices at equal distances make ``count`` values: from end to end, or by their centres."""
    places = (np.arange(n) + 0.5) * count / n - 0.5 if centred else np.linspace(0, count - 1, n)
    return np.stack([np.interp(np.arange(count), places, one) for one in np.eye(n)], axis=1)


def origin(values: npt.NDArray[np.float16], *, centred: bool = False) -> Floats | None:
    """The fewest slices (n, measures) that make the values within their last digit; None where none do.

    Hardly fewer slices than the template's would make any values.
    """
    wanted = values.astype(np.float64)
    for n in range(4, int(0.8 * len(values)) + 1):
        made_by = weights(len(values), n, centred=centred)
        slices = np.linalg.lstsq(made_by, wanted, rcond=None)[0]
        if (np.abs(made_by @ slices - wanted) <= last_digit(values)).all():
            return np.asarray(slices)
    return None


def last_digit(values: npt.NDArray[np.float16]) -> Floats:
    return np.asarray(np.spacing(np.abs(values)) + 0.005, dtype=np.float64)


def groups_of(level: int, slices: Floats) -> pd.DataFrame:
    """What is measured of a person's slices of a level, between two levels of one slice."""
    values = np.vstack([slices[:1], slices, slices[-1:]])
    names = [level + 1, *[level] * len(slices), level - 1]
    rows = pd.DataFrame(values, columns=list(MEASURES))
    return rows.assign(
        mode="soft", slice=[str(n) for n in range(len(rows))], level=[str(one) for one in names]
    )


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_public_values_are_those_of_normalize(
    dataset: str, table: dict[str, npt.NDArray[np.generic]]
) -> None:
    people = table[f"spinal_cord__{dataset}__area_ap_rl"][:PEOPLE].astype(np.float16)
    cases = [case for one in people for case in whole_levels(one, table["vertebral_level"]).items()]
    assert len(cases) > 3 * PEOPLE
    others = 0
    for level, values in cases:
        slices = origin(values)
        assert slices is not None, f"level {level} is of no equally spaced slices from its first to its last"
        measured = FileMeasures(MaskFiles(Path("mask.nii.gz")), groups_of(level, slices), {})
        made = normalized(measured).groups
        off = np.abs(made[list(MEASURES)].to_numpy() - values.astype(np.float64))
        assert (off <= last_digit(values)).all()
        others += origin(values, centred=True) is not None
    # The test can tell: slices whose centres are spread over the level make few of them.
    assert others < len(cases) / 10
