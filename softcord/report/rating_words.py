"""What can be said of a mask, on every page where it is looked at: the words, and the keys that say them."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class RatingWord:
    """One rating: its ``name`` in tables, the ``key`` that gives it, what pages call it, what it means."""

    name: str
    key: str
    label: str
    meaning: str


RATING_WORDS = (
    RatingWord("pass", "p", "pass", "right as it is"),
    RatingWord("correct", "c", "needs correction", "worth correcting by hand"),
    RatingWord("fail", "f", "fail", "the mask is of no use, the image is fine"),
    RatingWord("artefact", "a", "bad image", "an artefact, a wrong field of view: for every method"),
)
REJECTED = ("fail", "artefact")  # no mask becomes a label by correcting it
RATINGS = tuple(word.name for word in RATING_WORDS)


def rating_words() -> list[dict[str, str]]:
    """Return the words as a page's script reads them."""
    return [asdict(word) for word in RATING_WORDS]
