"""Intervals for measured mask files: find what is known of their doubt, calibrate on those with a truth."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from softcord.errors import DataError
from softcord.io.sidecar import read_sidecar
from softcord.measure.files import FileMeasures, MaskFiles
from softcord.measure.tidy import image_identity
from softcord.uncertainty.interval import COVERAGE, Calibration, calibrate, with_intervals
from softcord.uncertainty.paths import uncertainty_path


def with_uncertainty(files: Iterable[MaskFiles]) -> list[MaskFiles]:
    """Add to each mask the map of how sure it is, where one lies beside it."""
    return [
        # A mask that cannot be read has none: the reading says why.
        replace(file, uncertainty=path) if os.path.isfile(path := uncertainty_path(file.mask)) else file
        for file in files
    ]


def model_of(uncertainty: Path) -> str:
    """Return the checksum of the model that made a map, by its sidecar; "" where that does not say."""
    return str(read_sidecar(uncertainty).get("ModelWeightsSha256", ""))


def fitting(
    measured: Iterable[FileMeasures], calibrations: Sequence[Calibration]
) -> tuple[dict[str, Calibration], list[Path]]:
    """Return the calibration of each mask by its name, and the masks with a map but without one.

    A calibration fits the models it was made with: errors of another model are other errors.
    """
    found: dict[str, Calibration] = {}
    without = []
    for file in measured:
        if file.files.uncertainty is None:
            continue
        model = model_of(file.files.uncertainty)
        fits = [one for one in calibrations if model and model in one.weights_sha256]
        if fits:
            found[str(file.files.mask)] = fits[0]
        else:
            without.append(file.files.mask)
    return found, without


def add_intervals(
    table: pd.DataFrame, measured: Sequence[FileMeasures], calibration: Calibration
) -> tuple[pd.DataFrame, list[Path]]:
    """Add the interval of each soft CSA whose mask has a map; return also the masks without a calibration.

    Args:
        table: :func:`softcord.measure.tidy.tidy_measures` of ``measured``.
        measured: the masks.
        calibration: that of the model that made them; masks of another model get no interval.
    """
    of, without = fitting(measured, [calibration])
    return with_intervals(table, of), without


def calibrate_rows(
    measures: pd.DataFrame, weights_sha256: tuple[str, ...], made_on: str, unusable: int = 0
) -> Calibration:
    """Return the calibration of the models that made these rows of measures.csv, which have CSA errors.

    ``unusable`` is how many masks could not be made or measured.

    Raises:
        DataError: there are too few participants.
    """
    key = ["participant_id", "session_id", "contrast", "level"]
    wanted = ["csa_abs_error_mm2", "csa_doubt_mm2"]
    rows = measures[measures["metric"].isin(wanted)].pivot(index=key, columns="metric", values="value")
    wide = rows.reindex(columns=wanted).reset_index()
    errors, doubts = (wide[name] for name in wanted)
    made = calibrate(errors, doubts, wide["participant_id"], weights_sha256, made_on=made_on)
    return replace(made, unusable=unusable)


def calibrate_on(
    measured: Sequence[FileMeasures],
    references: Sequence[FileMeasures],
    *,
    coverage: float = COVERAGE,
    made_on: str = "",
    unusable: int = 0,
) -> Calibration:
    """Return the calibration of the models that made these masks, from the CSA of their references.

    Args:
        measured: the masks, with their maps.
        references: the reference of each, measured the same way, in the same order.
        coverage: how often an interval is to hold.
        made_on: what the images are, in words.
        unusable: how many further masks could not be measured.

    Raises:
        DataError: a mask has no map, or there are too few participants.
    """
    parts, models = [], set()
    for file, reference in zip(measured, references, strict=True):
        if file.files.uncertainty is None:
            raise DataError(file.files.mask, "has no map of its uncertainty", "Predict it with -uncertainty")
        models.add(model_of(file.files.uncertainty))
        parts.append(_errors(file, reference))
    rows = pd.concat(parts, ignore_index=True)
    known = tuple(sorted(models - {""}))
    made = calibrate(rows["error"], rows["doubt"], rows["who"], known, coverage=coverage, made_on=made_on)
    without_area = sum(bool(part["error"].isna().any()) for part in parts)
    return replace(made, unusable=unusable, without_area=without_area)


def _errors(file: FileMeasures, reference: FileMeasures) -> pd.DataFrame:
    """Error and doubt of each group of the reference, NaN where the mask has none of its slices.

    Slices of a level may differ by an end.
    """
    pred, true = (one.groups[one.groups["mode"] == "soft"] for one in (file, reference))
    true = true[true["area_mm2"].notna()]
    both = pred.merge(true, on="level", how="right", suffixes=("", "_true"))
    who = image_identity(file.files.mask)["participant_id"]
    return pd.DataFrame(
        {
            "error": both["area_mm2"] - both["area_mm2_true"],
            "doubt": both["area_doubt_mm2"],
            "who": str(file.files.mask) if who == "n/a" else who,
        }
    )
