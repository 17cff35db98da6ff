from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from softcord.app.sweeps.objective import objective
from tests.stats.measures import make_measures


def plan_of(*metrics: str) -> Any:
    return SimpleNamespace(method="soft_all", levels="2:3", search=SimpleNamespace(metrics=metrics))


def test_a_missed_cord_makes_the_spread_infinite_and_its_error_the_whole_area(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("softcord.app.sweeps.objective.format_levels", str)
    measures = make_measures(methods=("soft_all",), participants=4)
    one = (measures["participant_id"] == "sub-01") & (measures["contrast"] == "T1w")
    for metric, value in (("csa_mm2", 0.0), ("csa_bin_mm2", 0.0), ("csa_abs_error_mm2", 75.0)):
        measures.loc[one & (measures["method"] == "soft_all") & (measures["metric"] == metric), "value"] = (
            value
        )
    spread, error = objective(plan_of("csa_std_mm2", "csa_abs_error_mm2"), measures)
    own = measures[(measures["method"] == "soft_all") & (measures["metric"] == "csa_abs_error_mm2")]
    assert spread == np.inf
    assert error == pytest.approx(own.groupby("participant_id")["value"].mean().mean())
