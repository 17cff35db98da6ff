"""Which dataset and which split: the settings, and the table and lists they stand for."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from softcord.contrasts import CONTRASTS
from softcord.data.bids import LABEL_KINDS
from softcord.data.exclude import Exclusion, exclude_entries, read_exclude
from softcord.data.index import existing_root, index_dataset
from softcord.data.splits import Split, check_leakage, persons_of, read_split, split_participants
from softcord.errors import DataError, SettingError
from softcord.remedies import Remedy

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class DataSettings:
    """One BIDS dataset and how its files are named; conf/data says what each key means."""

    name: str
    root: Path
    derivatives: Path | None = None
    participants: tuple[str, ...] | None = None
    exclude: tuple[str, ...] | str = ()
    exclude_purposes: tuple[str, ...] | None = None
    missing_labels: Literal["error", "skip"] = "error"
    person_pattern: str | None = None
    same_person: tuple[tuple[str, ...], ...] = ()
    image_names: Mapping[str, str] | None = None
    label_names: Mapping[str, str] | None = None
    url: str | None = None
    version: str | None = None

    def __post_init__(self) -> None:
        """Refuse names that can mean nothing; a dataset's own name is also that of folders."""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", self.name):
            raise ValueError(f"name: {self.name!r} is not of letters, digits, dots, dashes and underscores")
        for key, known in (("image_names", CONTRASTS), ("label_names", LABEL_KINDS)):
            for name in getattr(self, key) or ():
                if name not in known:
                    raise ValueError(f"{key}: unknown key {name!r}, known are {', '.join(known)}")
        if self.person_pattern is not None:
            try:
                groups = re.compile(self.person_pattern).groups
            except re.error as error:
                raise ValueError(f"person_pattern: is not a regular expression ({error})") from error
            if groups < 1:
                raise ValueError("person_pattern: put the part that names the person in parentheses")


@dataclass(frozen=True)
class SplitSettings:
    """How participants are divided; conf/split says what each key means."""

    name: str
    file: str | None = None
    train: float = 0.6
    val: float = 0.2
    test: float = 0.2
    seed: int = 15
    hold_out_val: tuple[str, ...] = ()
    hold_out_test: tuple[str, ...] = ()
    labelled_only: bool = False

    def __post_init__(self) -> None:
        """Refuse fractions that do not sum to 1, and hold-outs beside a file."""
        if min(self.train, self.val, self.test) < 0 or abs(self.train + self.val + self.test - 1) > 1e-6:
            raise ValueError(f"train: {self.train}, val {self.val} and test {self.test} must sum to 1")
        if self.file is not None and (self.hold_out_val or self.hold_out_test):
            raise ValueError("file: give either a file or hold-outs, not both")


@dataclass(frozen=True)
class Source:
    """A dataset, how its participants are divided, and which of its contrasts train (None: the study's)."""

    data: DataSettings
    split: SplitSettings
    contrasts: tuple[str, ...] | None = None


def read_index(settings: DataSettings) -> "pd.DataFrame":
    """Index the dataset, exclusions and the choice of participants applied.

    Raises:
        DataError: as :func:`softcord.data.index.index_dataset`.
        UsageError: a chosen participant that is not there.
    """
    table = index_dataset(
        settings.root,
        derivatives=settings.derivatives,
        exclude=read_exclusion(settings),
        image_names=settings.image_names,
        label_names=settings.label_names,
    )
    return chosen_participants(settings, table)


def chosen_participants(settings: DataSettings, table: "pd.DataFrame") -> "pd.DataFrame":
    """Return the rows of an index that are of the participants whom the settings choose.

    Raises:
        UsageError: a chosen participant that is not there.
    """
    if settings.participants is None:
        return table
    known = set(table["participant_id"])
    for wanted in settings.participants:
        if wanted not in known:
            what = f"{wanted} is not in {settings.root}, or it is excluded"
            raise SettingError("DataSettings", "participants", what, "Check the name")
    return table[table["participant_id"].isin(settings.participants)].reset_index(drop=True)


def read_exclusion(settings: DataSettings) -> Exclusion:
    """Join the exclusion entries and files of the settings."""
    entries = (settings.exclude,) if isinstance(settings.exclude, str) else settings.exclude
    reasons: dict[str, str] = {}
    for entry in entries:
        if Path(entry).suffix in (".yml", ".yaml", ".tsv"):
            path = _beside_or_in(Path(entry), settings.root)
            reasons |= read_exclude(path, settings.exclude_purposes).reasons
        else:
            reasons |= exclude_entries([entry]).reasons
    return Exclusion(reasons)


def _beside_or_in(path: Path, root: Path) -> Path:
    return path if path.exists() else existing_root(root) / path


def read_persons(settings: DataSettings, participants: Iterable[str]) -> dict[str, str]:
    """Say which person is behind each participant id, by the dataset's settings."""
    return persons_of(participants, settings.person_pattern, settings.same_person)


def make_split(settings: SplitSettings, participants: Iterable[str], persons: Mapping[str, str]) -> Split:
    """Draw or read the split of these participants.

    Participants that a file does not name take no part; names in the file that are not in the dataset
    (excluded ones, for example) are passed over.

    Raises:
        UsageError: leakage, or as :func:`softcord.data.splits.split_participants`.
        DataError: nobody in the file is in the dataset.
    """
    if settings.file is None:
        return split_participants(
            participants,
            (settings.train, settings.val, settings.test),
            seed=settings.seed,
            persons=persons,
            val=settings.hold_out_val,
            test=settings.hold_out_test,
            name=settings.name,
        )
    split = read_split(settings.file).restricted_to(participants)
    check_leakage(split, persons)
    if not split.participants:
        raise DataError(settings.file, "names nobody of this dataset", Remedy.CHECK_SPLIT_AND_ROOT)
    return split
