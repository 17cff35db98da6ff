"""One value per participant and session of a method, and who or what is left out, with the reason."""

from dataclasses import dataclass

import pandas as pd

from softcord.errors import DataError

_SESSION = ["participant_id", "session_id"]
_TWICE = "Leave one of the files or runs out"


@dataclass(frozen=True)
class SessionValues:
    """``table`` has participant_id, session_id and value; ``left_out`` gives the reason by participant."""

    table: pd.DataFrame
    left_out: dict[str, str]


def session_values(rows: pd.DataFrame, contrasts: tuple[str, ...] = ()) -> SessionValues:
    """Average one method's rows over contrasts and seeds, session by session.

    A session counts if it has a value of every contrast that the method was measured on, in every seed:
    else a contrast that is missing once would look like change.

    Args:
        rows: tidy rows of one metric at one level, of one method.
        contrasts: the contrasts to average over; empty for all.

    Raises:
        DataError: one image has two values in one run that differ.
    """
    own = rows[rows["contrast"].isin(contrasts)] if contrasts else rows
    check_unique(own)
    own = own.assign(**{name: own[name].astype(str) for name in (*_SESSION, "contrast", "run")})
    images = own.drop_duplicates([*_SESSION, "run", "contrast"])
    wanted = len(images[["run", "contrast"]].drop_duplicates())
    by = images.groupby(_SESSION)["value"]
    table = by.mean()[by.count() == wanted].reset_index()
    lacking = sorted(set(own["participant_id"]) - set(table["participant_id"]))
    return SessionValues(table, dict.fromkeys(lacking, "a value is missing in every session"))


def check_unique(rows: pd.DataFrame) -> None:
    """Refuse an image with two different values in one run.

    Raises:
        DataError: it names the image and both values.
    """
    keys = ["run", "method", *_SESSION, "contrast"]
    twice = rows[rows.duplicated(keys, keep=False) & rows["value"].notna()]
    if twice.empty:
        return
    spread = twice.groupby(keys, observed=True)["value"].agg(["min", "max"])
    different = spread[spread["min"] < spread["max"]]
    if len(different):
        where = dict(zip(keys, different.index[0], strict=True))
        low, high = different.iloc[0]
        image = f"{where['participant_id']} {where['session_id']} {where['contrast']}"
        raise DataError(
            "measures", f"{image} of run {where['run']} has two values, {low:g} and {high:g}", _TWICE
        )
