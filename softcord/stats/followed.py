"""Who was followed over time: sessions with their years, groups, covariates, and who is left out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from softcord.errors import DataError
from softcord.stats.sessions import SessionValues
from softcord.stats.visits import Known, years

FloatArray = npt.NDArray[np.float64]
EVERYBODY = "everybody"


@dataclass(frozen=True)
class Followed:
    """``visits`` has a row per usable session: participant_id, session_id, value, years, group, covariates.

    Group and covariates are constant within a person. ``reasons`` says why each other person, or one with a
    single session, shows no change; ``group_of`` has the group of everybody in whom it is known.
    """

    visits: pd.DataFrame
    covariates: tuple[str, ...]
    reasons: dict[str, str]
    group_of: dict[str, str]

    def groups(self) -> list[str]:
        """Return the groups, sorted."""
        return sorted(str(name) for name in self.visits["group"].unique())

    def left_out(self, group: str) -> dict[str, str]:
        """Return those of a group who show no change, with the reason; who has no group is in all."""
        return {
            name: reason for name, reason in self.reasons.items() if self.group_of.get(name, group) == group
        }

    def of_group(self, group: str) -> tuple[pd.DataFrame, FloatArray | None]:
        """Return a group's visits, and its covariates about their means over everybody."""
        own = self.visits["group"] == group
        if not self.covariates:
            return self.visits[own], None
        every = self.visits.drop_duplicates("participant_id")[list(self.covariates)]
        design = (self.visits.loc[own, list(self.covariates)] - every.mean()).to_numpy(dtype=np.float64)
        return self.visits[own], design[:, np.ptp(design, axis=0) > 0]


def followed(
    values: SessionValues, known: Known, time: str | None, group: str | None, covariates: Sequence[str]
) -> Followed:
    """Join values with when their sessions were and with what is known of the people.

    A group or a word is that of a person's first session, a number the mean over their sessions.

    Raises:
        DataError: nobody has two sessions, or two different times; a group column with one value; a column
            that is not there or says two things of one session.
    """
    visits, reasons = values.table, dict(values.left_out)
    if not visits.duplicated("participant_id").any():
        raise DataError(
            "sessions", "nobody has two with a value", "Change needs ses- folders, two a person or more"
        )
    name = time or known.time_column()
    visits = visits.assign(years=years(known.column(name, visits), name))
    visits["group"] = known.column(group, visits) if group else EVERYBODY
    asked = {"years": name, "group": group or "", **{f"covariate {column}": column for column in covariates}}
    for column in covariates:
        visits[f"covariate {column}"] = known.column(column, visits)
    visits = visits.sort_values(["participant_id", "years"])
    groups = visits.dropna(subset=["group"]).groupby("participant_id")["group"].first().astype(str)
    for column, source in asked.items():
        visits = _without_missing(visits, column, source, reasons)
    _check_group(visits, group)
    table, columns = _constant(visits, covariates)
    _name_the_unfollowed(table, name, reasons)
    return Followed(table, columns, reasons, {str(name): group for name, group in groups.items()})


def _without_missing(visits: pd.DataFrame, column: str, source: str, reasons: dict[str, str]) -> pd.DataFrame:
    kept = visits[visits[column].notna()]
    for participant in sorted(set(visits["participant_id"]) - set(kept["participant_id"])):
        reasons.setdefault(participant, f"no {source}")
    return kept


def _check_group(visits: pd.DataFrame, group: str | None) -> None:
    values = visits["group"].unique()
    if group and len(values) < 2:
        what = (
            f"is {values[0]} for everybody with a value"
            if len(values)
            else "is n/a for everybody with a value"
        )
        raise DataError(f"column {group}", what, "Leave group out, or name a column that differs")


def _constant(visits: pd.DataFrame, covariates: Sequence[str]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Make group and covariates constant within a person; a word becomes a column per further word."""
    by = visits.groupby("participant_id")
    fixed = visits.assign(group=by["group"].transform("first").astype(str))
    columns: list[str] = []
    for column in covariates:
        text = visits[f"covariate {column}"]
        numbers = pd.to_numeric(text, errors="coerce")
        if numbers.notna().all():
            fixed[column] = numbers.groupby(visits["participant_id"]).transform("mean")
            columns.append(column)
            continue
        words = by[f"covariate {column}"].transform("first").astype(str)
        kinds = sorted(words.unique())
        if len(kinds) > 10:
            what = f"has {len(kinds)} different words, such as {kinds[0]} and {kinds[1]}"
            raise DataError(f"column {column}", what, "Covariates are numbers, or words of few kinds")
        for kind in kinds[1:]:
            fixed[f"{column} {kind} against {kinds[0]}"] = (words == kind).astype(np.float64)
            columns.append(f"{column} {kind} against {kinds[0]}")
    return fixed.drop(columns=[f"covariate {column}" for column in covariates]), tuple(columns)


def _name_the_unfollowed(visits: pd.DataFrame, time: str, reasons: dict[str, str]) -> None:
    by = visits.groupby("participant_id")["years"]
    spread, count = by.transform(np.ptp), by.transform("size")
    if not (spread > 0).any():
        what = f"nobody has two sessions with a different {time}"
        raise DataError(
            "sessions.tsv", what, f"Write {time} for each session, or name another column with time="
        )
    for participant, sessions in zip(
        visits.loc[spread == 0, "participant_id"], count[spread == 0], strict=True
    ):
        reasons.setdefault(str(participant), "one session" if sessions == 1 else f"one {time}")
