"""The interval of each soft CSA that is measured on masks with a map of their uncertainty."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.app.console.streams import say
from softcord.hints import and_more

if TYPE_CHECKING:
    import pandas as pd

    from softcord.measure.files import FileMeasures


def with_intervals(
    table: "pd.DataFrame", measured: "Sequence[FileMeasures]", calibration: Path | None = None
) -> "pd.DataFrame":
    """Add the intervals by a calibration, None for the built-in model's, and say which masks have none.

    Raises:
        DataError: the file is no calibration.
    """
    from softcord.predict.built_in import CSA_INTERVAL
    from softcord.uncertainty.interval import read_calibration
    from softcord.uncertainty.measured import add_intervals

    path = calibration or CSA_INTERVAL
    if path == CSA_INTERVAL and not path.exists():
        return table
    table, without = add_intervals(table, measured, read_calibration(path))
    if without:
        more = and_more(len(without) - 1)
        say(
            f"softcord: {without[0]}{more}: no interval of CSA, the calibration is of another model. "
            "softcord measure -calibrate makes one from masks with references."
        )
    return table
