"""Ratings as a table in the dataset, ``derivatives/softcord/qc.tsv``: one row an image, mask and rater.

Every rating is written before the next one is made, under a lock and by renaming: people may rate at once,
and a server that is killed has lost nothing. A table that somebody edited is read as it is, or refused with
its line.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from filelock import FileLock

from softcord.errors import DataError
from softcord.io.files import write_text
from softcord.io.tables import write_table
from softcord.report.rating_words import RATINGS

LISTS = {"fail": "qc_fail.yml", "correct": "qc_correct.yml", "artefact": "qc_artefact.yml"}
_LOCK_S = 10.0
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(frozen=True)
class Rating:
    """What one person said of a mask, one of RATINGS; "" takes it back.

    ``image`` is the image's name without extension, ``mask`` the mask's path in the dataset, and
    ``mask_sha256`` the checksum of what lay there, "" where nobody noted it.
    """

    image: str
    mask: str
    rater: str
    rating: str
    comment: str = ""
    rated_at: str = ""
    mask_sha256: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no rating."""
        if self.rating not in ("", *RATINGS):
            raise ValueError(f"rating {self.rating!r} is not one of {', '.join(RATINGS)}")
        for name in ("image", "mask", "rater"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name} is empty")

    @property
    def key(self) -> tuple[str, str, str]:
        """What there is one rating of."""
        return self.image, self.mask, self.rater


COLUMNS = tuple(field.name for field in fields(Rating))


def now() -> str:
    """Return the time as ratings keep it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_ratings(path: Path) -> list[Rating]:
    """Read a table of ratings; none where there is no file.

    Raises:
        DataError: a line that is no rating, named.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            path, f"cannot be read ({error})", "Repair or move it; nothing was changed"
        ) from error
    rows = csv.reader(io.StringIO(text), delimiter="\t")
    header = next(rows, [])
    if missing := [name for name in COLUMNS[:4] if name not in header]:
        what = f"has no column {missing[0]}"
        raise DataError(path, what, "Repair its first line; nothing was changed")
    found: dict[tuple[str, str, str], Rating] = {}
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        cells = {name: cell.strip() for name, cell in zip(header, row, strict=False) if name in COLUMNS}
        try:
            rating = Rating(**{name: cells.get(name, "") for name in COLUMNS})
        except ValueError as error:
            what = f"line {rows.line_num}: {error}"
            raise DataError(path, what, "Repair the line; nothing was changed") from error
        found[rating.key] = rating
    return list(found.values())


def add_ratings(path: Path, ratings: Iterable[Rating]) -> list[Rating]:
    """Add ratings to a table, each in place of the same rater's earlier one; return all.

    One that was given before that (an older table, a browser that was not heard of for a while) changes
    nothing.

    The lists that SCT's scripts read (``qc_fail.yml`` and so on, see LISTS) are written beside it.

    Raises:
        DataError: the table that is there cannot be read; it is left as it is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.parent / f".{path.name}.lock", timeout=_LOCK_S):
        known = {one.key: one for one in read_ratings(path)}
        for one in ratings:
            if one.key not in known or not _is_later(known[one.key], one):
                known[one.key] = one
        kept = [one for one in known.values() if one.rating or one.comment]
        _write(path, kept)
        for rating, name in LISTS.items():
            write_text(path.parent / name, _yaml(kept, rating))
    return kept


def of_these(ratings: Iterable[Rating], sha256_of_mask: Mapping[str, str]) -> list[Rating]:
    """Leave out ratings of what lay under a mask's name before it was made anew.

    ``sha256_of_mask`` are the checksums of masks as they are, by their paths; others are not asked about.
    """
    return [
        one
        for one in ratings
        if not one.mask_sha256 or one.mask_sha256 == sha256_of_mask.get(one.mask, one.mask_sha256)
    ]


def disputed(ratings: Iterable[Rating]) -> list[str]:
    """Return the masks that were rated by several people, and not alike."""
    said: dict[str, set[str]] = {}
    for one in ratings:
        if one.rating:
            said.setdefault(one.mask, set()).add(one.rating)
    return [mask for mask, words in said.items() if len(words) > 1]


def latest(ratings: Iterable[Rating]) -> Mapping[str, Rating]:
    """Return the latest rating of each mask, whoever gave it, by the mask's path."""
    ordered = sorted((one for one in ratings if one.rating), key=lambda one: one.rated_at)
    return {one.mask: one for one in ordered}


def _is_later(a: Rating, b: Rating) -> bool:
    """Whether a was given after b; False where a time is missing, or not as we write it."""
    return bool(_TIME.fullmatch(a.rated_at) and _TIME.fullmatch(b.rated_at)) and a.rated_at > b.rated_at


def given_at(said: object) -> str:
    """Return when a rating was given: as the browser says it, or now where that is no time, or to come."""
    return min(str(said), now()) if _TIME.fullmatch(str(said)) else now()


def _write(path: Path, ratings: Iterable[Rating]) -> None:
    rows = [{name: " ".join(str(cell).split()) for name, cell in asdict(one).items()} for one in ratings]
    write_table(path, pd.DataFrame(rows, columns=pd.Index(COLUMNS), dtype=object), missing="", durable=True)


def _yaml(ratings: Iterable[Rating], rating: str) -> str:
    """One list, in the form of SCT's QC page and of the exclude lists that training reads.

    An image counts by what each person said of it last: its mask of an earlier model is not what is used.
    """
    ordered = sorted((one for one in ratings if one.rating), key=lambda one: one.rated_at)
    last = {(one.image, one.rater): one for one in ordered}
    chosen = [one for one in last.values() if one.rating == rating]
    if not chosen:
        return "visual_check: []\n"
    lines = [f"- {one.image}  # {one.rater}" + (f": {one.comment}" if one.comment else "") for one in chosen]
    return "\n".join(["visual_check:", *lines]) + "\n"
