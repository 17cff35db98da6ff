"""Add z-scores and centiles to the tidy table of `softcord measure`."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

from softcord.data.bids import parse_path
from softcord.measure.files import FileMeasures
from softcord.measure.metrics import METRICS
from softcord.measure.norms.compare import Person, norm_rows
from softcord.measure.tidy import TIDY_COLUMNS, image_identity

PersonOf = Callable[[Path], Person | None]


def with_norms(
    table: pd.DataFrame, measured: Iterable[FileMeasures], name: str, person_of: PersonOf
) -> tuple[pd.DataFrame, list[str]]:
    """Return the table with a row per z-score and centile behind it, and a line per mask that has none.

    The column ``norm`` names the set in each of these rows.
    """
    rows: list[dict[str, object]] = []
    without = []
    for file in measured:
        person = person_of(file.files.mask)
        groups = file.groups[file.groups["mode"] == file.groups["mode"].iloc[0]]
        found = [] if person is None else norm_rows(groups.to_dict("records"), name, person)
        if not found:
            without.append(f"{file.files.mask}: no normative value: {_why(person, name)}")
        who = dict.fromkeys(TIDY_COLUMNS, "n/a") | {"findings": "", "filename": str(file.files.mask)}
        who |= image_identity(file.files.mask)
        rows += [who | row | {"unit": METRICS[str(row["metric"])].unit, "norm": name} for row in found]
    added = pd.concat([table.assign(norm="n/a"), pd.DataFrame(rows)], ignore_index=True) if rows else table
    return added, without


def find_person(mask: Path) -> Person | None:
    """Read a mask's participant in the nearest participants.tsv above it; None if not there."""
    parsed = parse_path(str(mask))
    for folder in mask.resolve().parents if parsed else ():
        path = folder / "participants.tsv"
        if parsed and path.is_file():
            people = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
            if not {"participant_id", "sex", "age"} <= set(people.columns):
                continue
            own = people[people["participant_id"] == parsed.participant_id]
            return None if own.empty else person(own["sex"].iloc[0], own["age"].iloc[0])
    return None


def person(sex: str, age: str) -> Person | None:
    """Return a person from words as F, female, 34.5; None where they do not say."""
    letter = sex.strip()[:1].upper()
    try:
        years = float(age)
    except ValueError:
        return None
    return Person(letter, years) if letter in ("F", "M") and 0 <= years < 150 else None


def _why(person: Person | None, name: str) -> str:
    if person is None:
        return "sex and age are not known (-sex and -age, or participants.tsv)"
    return f"{name} has none of these levels at {person.age_years:g} years, {person.sex}"
