"""Refuse to compare what was not tested on the same participants against the same ground truth."""

import pandas as pd

from softcord.errors import DataError
from softcord.hints import listed
from softcord.measure.metrics import CSA
from softcord.remedies import Remedy
from softcord.stats.frames import is_ground_truth

_HINT = Remedy.ALLOW_DIFFERENT
# Equal up to what writing and reading a CSV of float32 sums can change.
_GT_TOLERANCE_MM2 = 1e-3


def check_same_test(measures: pd.DataFrame) -> None:
    """Raise where runs cannot be paired fairly.

    Raises:
        DataError: runs with different test participants, or runs whose
            ground truth measures differently; the first that differs is named.
    """
    is_gt = is_ground_truth(measures)
    _check_participants(measures[~is_gt])
    _check_ground_truth(measures[is_gt])


def _check_participants(measures: pd.DataFrame) -> None:
    pairs = measures[["run", "participant_id"]].drop_duplicates()
    tested = pairs.groupby("run", observed=True)["participant_id"].agg(frozenset)
    if len(tested) < 2:
        return
    usual = tested.mode().iloc[0]
    for run, participants in tested.items():
        only_here, lacking = sorted(participants - usual), sorted(usual - participants)
        if only_here or lacking:
            what = "was tested on other participants than the other runs"
            detail = "; ".join(
                f"{word} {listed(names)}"
                for word, names in (("only here:", only_here), ("lacks:", lacking))
                if names
            )
            raise DataError(run, f"{what} ({detail})", _HINT)


def _check_ground_truth(measures: pd.DataFrame) -> None:
    csa = measures[measures["metric"].isin(CSA)]
    if csa.empty:
        return
    keys = ["method", "participant_id", "session_id", "contrast", "level", "metric"]
    values = csa.groupby(keys, observed=True)["value"]
    spread = values.max() - values.min()
    if spread.max() > _GT_TOLERANCE_MM2:
        where = dict(zip(keys, spread.index[int(spread.argmax())], strict=True))
        image = f"{where['participant_id']} {where['contrast']}"
        what = f"{where['method']} of {image} differs by {spread.max():.3g} mm² between runs"
        raise DataError("ground truth", what, _HINT)
