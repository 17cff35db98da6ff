"""No change of ours moves CSA in silence: the stored measures of the phantom cohort still hold."""

from dataclasses import replace
from math import nan

import pytest

from softcord.app.verbs import drift
from softcord.app.verbs.drift import main
from softcord.drift.present import (
    LIMIT_MM2,
    PresentRow,
    compare_present,
    measure_present,
    read_stored,
    write_stored,
)
from softcord.predict.built_in import BUILT_IN
from softcord.predict.package import read_package

pytestmark = pytest.mark.skipif(not BUILT_IN.exists(), reason="this checkout has no built-in model")


def test_this_softcord_measures_what_the_stored_one_did() -> None:
    present = compare_present(read_stored(), measure_present(read_package(BUILT_IN)))
    assert present.cannot_tell == "", "python benchmarks/build_present.py stores measures anew"
    assert present.moved
    assert present.beyond(LIMIT_MM2) == ()


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({}, 0, "Unchanged"),
        ({"csa_mm2": 70.0}, 5, "Shifted"),
        ({"csa_mm2": nan}, 5, "Shifted"),
        ({"image_sha256": "other"}, 6, "drawn differently"),
        ({"weights_sha256": "other"}, 6, "of other weights"),
    ],
)
def test_each_outcome_has_its_exit_code(
    change: dict[str, object],
    code: int,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, *others = read_stored()
    changed: PresentRow = replace(first, **change)  # type: ignore[arg-type]
    monkeypatch.setattr(drift, "_measured_now", lambda: [changed, *others])
    assert main(["--self"]) == code
    printed = capsys.readouterr().out
    assert says in printed
    assert printed.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--self", "new.zip"], ["--self", "--margin", "0"], ["new.zip"]])
def test_self_and_models_do_not_mix(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_what_is_stored_is_read_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("stored") / "present.csv"
    rows = read_stored()
    write_stored(rows, path)
    assert read_stored(path) == rows
