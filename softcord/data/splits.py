"""Splits by person: draw, read and write train, validation and test lists; refuse leakage."""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from softcord.errors import DataError, SettingError, UsageError
from softcord.io.files import write_text
from softcord.remedies import Remedy

SIDES = ("train", "val", "test")
_PUBLISHED = Path(__file__).parent / "published_splits"


@dataclass(frozen=True)
class Split:
    """Three lists of participants, sorted, none of them in two lists."""

    train: tuple[str, ...]
    val: tuple[str, ...]
    test: tuple[str, ...]
    name: str = "split"

    def __post_init__(self) -> None:
        for side in SIDES:
            object.__setattr__(self, side, tuple(sorted(getattr(self, side))))
        side_of: dict[str, str] = {}
        for side in SIDES:
            for participant in getattr(self, side):
                if participant in side_of:
                    what = f"{participant} is twice in the split ({side_of[participant]} and {side})"
                    raise UsageError(self.name, what, "Keep it in one list, once")
                side_of[participant] = side

    @property
    def sha256(self) -> str:
        """Hash of the three lists; the name and the order in the file do not matter."""
        content = {side: getattr(self, side) for side in SIDES}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def participants(self) -> tuple[str, ...]:
        """Everybody in the split, sorted."""
        return tuple(sorted((*self.train, *self.val, *self.test)))

    def side(self, participant_id: str) -> str | None:
        """The list a participant is in: "train", "val", "test" or None."""
        return next((side for side in SIDES if participant_id in getattr(self, side)), None)

    def restricted_to(self, participants: Iterable[str]) -> "Split":
        """Keep those participants only, for example the ones that are left after exclusions."""
        kept = set(participants)
        train, val, test = (tuple(one for one in getattr(self, side) if one in kept) for side in SIDES)
        return Split(train, val, test, self.name)


def split_participants(
    participants: Iterable[str],
    ratios: tuple[float, float, float] = (0.6, 0.2, 0.2),
    *,
    seed: int,
    persons: Mapping[str, str] | None = None,
    val: Sequence[str] = (),
    test: Sequence[str] = (),
    name: str = "seeded",
) -> Split:
    """Draw a split; the order of ``participants`` does not matter and a person is never on two sides.

    Persons are ordered by a hash of the seed and their name, so the split is the same on every machine, and
    a participant who joins later moves at most three others.

    Args:
        participants: participant ids.
        ratios: fractions of persons in train, validation and test; they sum to 1.
        seed: another seed, another split.
        persons: the person behind a participant id, where two ids are one person.
        val: participants to hold out for validation instead of drawing them.
        test: participants to hold out for testing instead of drawing them.
        name: what to call the split.

    Raises:
        UsageError: wrong ratios, too few persons, or a held-out participant not there or on two sides.
    """
    _check_ratios(ratios)
    members = _members(participants, persons or {})
    sides: dict[str, list[str]] = {
        "val": _held_out("val", val, members),
        "test": _held_out("test", test, members),
    }
    if both := set(sides["val"]) & set(sides["test"]):
        raise UsageError("split", f"{sorted(both)[0]} is held out for val and for test", "Choose one")
    drawn = sorted(members.keys() - {*sides["val"], *sides["test"]}, key=lambda one: _draw(seed, one))
    for side, ratio in (("test", ratios[2]), ("val", ratios[1])):
        if not sides[side] and ratio > 0:
            count = max(1, round(ratio * len(members)))
            sides[side], drawn = drawn[:count], drawn[count:]
    sides["train"] = drawn
    if not drawn and ratios[0] > 0:
        raise UsageError(
            "split", f"{len(members)} persons are too few for {ratios}", "Add data or hold out fewer"
        )
    train, val, test = (tuple(p for one in sides[side] for p in members[one]) for side in SIDES)
    return Split(train, val, test, name)


def _check_ratios(ratios: tuple[float, float, float]) -> None:
    if min(ratios) < 0 or abs(sum(ratios) - 1) > 1e-6:
        raise SettingError(
            "SplitSettings",
            "train, val, test",
            f"{ratios} are not three fractions that sum to 1",
            "Use 0.6, 0.2, 0.2",
        )


def _members(participants: Iterable[str], persons: Mapping[str, str]) -> dict[str, list[str]]:
    members = defaultdict(list)
    for participant in sorted(set(participants)):
        members[persons.get(participant, participant)].append(participant)
    return dict(members)


def _held_out(side: str, wanted: Sequence[str], members: Mapping[str, Sequence[str]]) -> list[str]:
    person_of = {participant: person for person, ids in members.items() for participant in ids}
    for participant in wanted:
        if participant not in person_of:
            raise UsageError(f"split.{side}", f"{participant} is not in the dataset", "Check the name")
    return list(dict.fromkeys(person_of[participant] for participant in wanted))


def _draw(seed: int, person: str) -> str:
    return hashlib.sha256(f"{seed}:{person}".encode()).hexdigest()


def persons_of(
    participants: Iterable[str], pattern: str | None = None, same_person: Iterable[Sequence[str]] = ()
) -> dict[str, str]:
    """Say which person is behind each participant id.

    Args:
        participants: participant ids.
        pattern: regular expression whose first group names the person, where it matches a whole id.
        same_person: lists of ids that are one person, where no pattern can tell.

    Raises:
        UsageError: the pattern is not a regular expression with a group.
    """
    ids = sorted(set(participants))
    persons = {one: one for one in ids}
    if pattern is not None:
        compiled = _compiled(pattern)
        persons |= {one: found[1] for one in ids if (found := compiled.fullmatch(one)) and found[1]}
    for group in same_person:
        joined = {persons[one] for one in group if one in persons}
        persons = {one: min(joined) if person in joined else person for one, person in persons.items()}
    return persons


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise SettingError(
            "DataSettings", "person_pattern", f"is not a regular expression ({error})", "Repair it"
        ) from error
    if compiled.groups < 1:
        raise SettingError(
            "DataSettings", "person_pattern", "has no group", "Put the person's part in parentheses"
        )
    return compiled


def check_leakage(split: Split, persons: Mapping[str, str]) -> None:
    """Refuse a split that has one person on two sides.

    Raises:
        UsageError: names the person's ids.
    """
    seen: dict[str, str] = {}
    for participant in split.participants:
        other = seen.setdefault(persons.get(participant, participant), participant)
        if split.side(other) != split.side(participant):
            raise UsageError(
                split.name,
                f"{other} ({split.side(other)}) and {participant} ({split.side(participant)}) are one person",
                "Put both in one list",
            )


def seen_in_training(
    train: Iterable[str], test: Iterable[str], persons: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Name the test participants whom a model was trained on, by id or as another id of the same person.

    A model's training list travels with it, so this can be asked whenever it meets a dataset. Give the
    validation list too where it chose the checkpoint.
    """
    person_of = persons or {}
    known = {person_of.get(one, one) for one in train}
    return tuple(sorted(one for one in set(test) if person_of.get(one, one) in known))


def read_split(path: Path | str) -> Split:
    """Read a split: a yaml file with the lists ``train``, ``val`` (or ``validation``) and ``test``.

    ``paper_seed15`` and ``drift_seed50`` are names of splits that come with softcord.

    Raises:
        DataError: the file is missing or has no such form.
        UsageError: a participant is in it twice.
    """
    path = _split_file(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise DataError(
            path, f"cannot be read ({str(error).splitlines()[0]})", Remedy.CHECK_SPLIT_FILE
        ) from error
    if not isinstance(content, dict):
        raise DataError(path, "has no lists train, val and test", "Write them as yaml lists")
    content["val"] = content.get("val") or content.get("validation") or content.get("valid")
    lists = {side: content.get(side) or [] for side in SIDES}
    if any(not isinstance(ids, list) for ids in lists.values()) or not any(lists.values()):
        raise DataError(path, "has no lists train, val and test", "Write them as yaml lists")
    return Split(**{side: tuple(map(str, ids)) for side, ids in lists.items()}, name=path.stem)


def _split_file(path: Path | str) -> Path:
    published = _PUBLISHED / f"{path}.yaml"
    return published if not Path(path).suffix and published.is_file() else Path(path)


def write_split(path: Path | str, split: Split) -> None:
    """Write a split as `read_split` reads it, under a temporary name first."""
    write_text(path, yaml.safe_dump({side: list(getattr(split, side)) for side in SIDES}, sort_keys=False))
