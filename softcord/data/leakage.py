"""Leakage: participants that a model is tested on, although they had a say in its weights."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from softcord.data.name import says_nothing
from softcord.data.splits import seen_in_training
from softcord.errors import DataError
from softcord.hints import listed
from softcord.remedies import Remedy

# Of an image's SHA-256, what is kept to recognise it: no two of a million images share it by chance.
DIGEST_LENGTH = 16


class TrainedOn(Protocol):
    """What a model says about one dataset it was trained on (:class:`softcord.predict.package.TrainedOn`)."""

    @property
    def dataset(self) -> str:
        """The dataset's name."""

    @property
    def train_participants(self) -> Sequence[str]:
        """Whose images trained."""

    @property
    def val_participants(self) -> Sequence[str]:
        """Whose images chose the checkpoint."""

    @property
    def image_sha256(self) -> Sequence[str]:
        """The beginnings of the checksums of their images."""


@dataclass(frozen=True)
class Seen:
    """Participants of a dataset whom a model was trained on, and those who only chose its checkpoint."""

    train: tuple[str, ...]
    val: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether there is anybody."""
        return bool(self.train or self.val)


def seen_participants(
    trained_on: Iterable[TrainedOn],
    dataset: str | None,
    images: Mapping[str, Iterable[str]],
    digest: Callable[[str], str],
    persons: Mapping[str, str] | None = None,
) -> Seen:
    """Name the participants whom a model has seen: by name and dataset, or by one of their images.

    Where a name says nothing (``bids``, ``data``) and checksums are known, only images are evidence.

    Args:
        trained_on: what the model says about its training.
        dataset: name of the dataset that it meets; None where it has none, so that only images count.
        images: paths of each participant's images.
        digest: returns the SHA-256 of an image's file.
        persons: the person behind a participant id, where two ids are one person.
    """
    trained_on = list(trained_on)
    # Where a name is anybody's, the images themselves have to say that the dataset is the same.
    same = [
        part
        for part in trained_on
        if part.dataset == dataset and not (part.image_sha256 and says_nothing(part.dataset))
    ]
    train = set(seen_in_training((one for part in same for one in part.train_participants), images, persons))
    val = set(seen_in_training((one for part in same for one in part.val_participants), images, persons))
    contents = {one for part in trained_on for one in part.image_sha256}
    met = {
        participant
        for participant, paths in images.items()
        if contents and any(digest(path)[:DIGEST_LENGTH] in contents for path in paths)
    }
    return Seen(tuple(sorted(train | (met - val))), tuple(sorted(val - train)))


def check_images_apart(sides: Mapping[str, Iterable[str]], digest: Callable[[str], str]) -> None:
    """Refuse data in which one image is on two sides of the split, under two names.

    Args:
        sides: paths of the images that train, validate and test.
        digest: returns the SHA-256 of an image's file.

    Raises:
        DataError: names both files.
    """
    first: dict[str, tuple[str, str]] = {}
    for side, paths in sides.items():
        for path in paths:
            other, other_side = first.setdefault(digest(path), (path, side))
            if other_side != side:
                what = f"({side}) is the same image as {other} ({other_side})"
                raise DataError(path, what, Remedy.SAME_IMAGE)


def meets_own_training(model: str, seen: Seen, tested: int) -> str:
    """Say in one sentence that a model meets participants it was trained on."""
    return (
        f"Leakage: {model} {_has_seen(seen)} of the {tested} participants it meets here "
        f"({_some(seen)}): results on them say nothing about new images."
    )


def trained_on_tests_of_another(model: str, seen: Seen, tested: int, other: str) -> str:
    """Say in one sentence that a model was trained on participants that another one was tested on."""
    return (
        f"Leakage: {model} {_has_seen(seen)} of the {tested} test participants of {other} "
        f"({_some(seen)}): it must not be tested on them."
    )


def _has_seen(seen: Seen) -> str:
    words = [f"was trained on {len(seen.train)}"] if seen.train else []
    words += [f"chose its checkpoint by {len(seen.val)}"] if seen.val else []
    return " and ".join(words)


def _some(seen: Seen, at_most: int = 4) -> str:
    names = (*seen.train, *seen.val)
    return listed(names, at_most)
