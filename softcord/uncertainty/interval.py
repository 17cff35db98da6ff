"""Intervals of CSA that hold the truth as often as they say, by split conformal prediction.

On images with a known area, the error of each CSA is divided by its doubt (how far readings lie apart, plus
a floor). A quantile of these quotients, times the doubt of a new CSA, is half its interval. That holds as
often as asked for new participants of the same kind as those it was calibrated on, whatever the distribution
of errors (Papadopoulos et al. 2002; Lei et al. 2018), and promises nothing for images of another kind. The
areas of one participant resemble each other: participants count equally, and a new one as one that was not
seen (pooled as Dunn, Wasserman and Ramdas 2023 do).

A mask without an area to measure has no interval either, among those calibrated on as among new ones, and
whether it has one does not depend on the truth: intervals hold for the areas that have one, and the
calibration says how many masks had none. To count these as errors without bound would promise more than is
asked for of areas that are measured, and still nothing of those that are not. A cord that was missed where
its area counts as 0 is an error as any other.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import TypeAdapter, ValidationError

from softcord.errors import DataError
from softcord.io.files import write_json
from softcord.io.tables import MISSING

COVERAGE = 0.9
_KEY = ["participant_id", "session_id", "contrast", "filename", "level", "slice"]


@dataclass(frozen=True)
class Calibration:
    """How doubt becomes an interval: CSA ± ``factor`` x (doubt + ``floor_mm2``).

    ``coverage`` is how often it holds; ``weights_sha256`` are the models it was made with, ``participants``
    and ``areas`` how many, ``made_on`` what they were. Of two kinds of mask no interval speaks: ``unusable``
    ones could not be made or measured, ``without_area`` ones have none of the slices of some area that their
    reference has.
    """

    coverage: float
    factor: float
    floor_mm2: float
    weights_sha256: tuple[str, ...]
    participants: int
    areas: int
    made_on: str = ""
    unusable: int = 0
    without_area: int = 0

    def __post_init__(self) -> None:
        """Refuse what gives no interval."""
        if not 0 < self.coverage < 1:
            raise ValueError(f"coverage: must be between 0 and 1, got {self.coverage}")
        if not (0 < self.factor < np.inf and 0 <= self.floor_mm2 < np.inf):
            raise ValueError("factor, floor_mm2: must be numbers above 0")

    def half_width_mm2(self, doubt_mm2: float) -> float:
        """Return half the interval of a CSA with this doubt."""
        return self.factor * (doubt_mm2 + self.floor_mm2)


def calibrate(
    errors_mm2: pd.Series,
    doubts_mm2: pd.Series,
    participants: pd.Series,
    weights_sha256: tuple[str, ...],
    *,
    coverage: float = COVERAGE,
    made_on: str = "",
) -> Calibration:
    """Return the calibration that images with a known area give.

    Args:
        errors_mm2: CSA minus the truth, of each area.
        doubts_mm2: the doubt of each (``csa_doubt_mm2``).
        participants: whose it is.
        weights_sha256: the models the masks and their doubts were made with.
        coverage: how often an interval is to hold.
        made_on: what the images are, in words.

    Raises:
        DataError: too few participants: fewer than 9 cannot say what 90 % of others are like.

    >>> import pandas as pd
    >>> people = pd.Series(range(19))
    >>> made = calibrate(people + 1.0, people * 0.0 + 1, people, ())
    >>> made.floor_mm2, made.factor, made.half_width_mm2(1.0)
    (1.0, 9.0, 18.0)
    """
    known = errors_mm2.notna() & doubts_mm2.notna()
    errors, doubts, who = errors_mm2[known].abs(), doubts_mm2[known], participants[known]
    k = who.nunique()
    if coverage > k / (k + 1):
        needed = int(np.ceil(coverage / (1 - coverage) - 1e-9))
        what = f"has {k} participants with areas, and {needed} at least are needed for {coverage:.0%}"
        raise DataError("calibration", what, "Give more masks with references and uncertainties")
    floor = float(doubts.median())
    quotients = errors / (doubts + floor) if floor > 0 else errors / (doubts + 1.0)
    weights = 1 / who.map(who.value_counts()) / (k + 1)
    order = np.argsort(quotients.to_numpy(), kind="stable")
    reached = np.cumsum(weights.to_numpy()[order]) >= coverage - 1e-9
    factor = float(quotients.to_numpy()[order][np.argmax(reached)])
    areas = int(known.sum())
    return Calibration(coverage, factor, floor or 1.0, weights_sha256, k, areas, made_on)


def with_intervals(table: pd.DataFrame, of: Mapping[str, Calibration] | Calibration) -> pd.DataFrame:
    """Add ``csa_low_mm2`` and ``csa_high_mm2`` after each CSA whose doubt is known.

    Args:
        table: rows of :func:`softcord.measure.tidy.tidy_measures`, or of measures.csv.
        of: the calibration of all rows, or of each file by ``filename``; files without one get no interval.
    """
    key = [name for name in _KEY if name in table.columns]
    doubts = table[table["metric"] == "csa_doubt_mm2"].set_index(key)["value"].to_dict()
    parts: list[dict[str, object]] = []
    for row in table.to_dict("records"):
        parts.append({str(name): value for name, value in row.items()})
        doubt = doubts.get(tuple(row[name] for name in key), np.nan)
        calibration = of if isinstance(of, Calibration) else of.get(str(row["filename"]))
        if row["metric"] == "csa_mm2" and np.isfinite(doubt) and calibration is not None:
            half = calibration.half_width_mm2(doubt)
            # NaN - half is NaN, which max() would make a zero.
            low = max(0.0, row["value"] - half) if np.isfinite(row["value"]) else np.nan
            ends = {"csa_low_mm2": low, "csa_high_mm2": row["value"] + half}
            bare = {**parts[-1], "sd": MISSING}
            parts += [{**bare, "metric": name, "value": value} for name, value in ends.items()]
    return pd.DataFrame(parts, columns=table.columns)


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write a calibration as JSON."""
    write_json(path, asdict(calibration))


def read_calibration(path: Path) -> Calibration:
    """Read what :func:`write_calibration` wrote.

    Raises:
        DataError: it is not there, or something else.
    """
    try:
        return TypeAdapter(Calibration).validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(path, f"cannot be read ({error.strerror})", "Check the path") from error
    except (ValidationError, json.JSONDecodeError) as error:
        raise DataError(path, "is no calibration of CSA intervals", "Make one with -calibrate") from error
