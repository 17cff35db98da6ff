"""What a study asks and shows: questions, figures and claims, of the configuration's ``compare`` node."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from softcord.app.config.instantiate import build
from softcord.app.config.values import whole_number
from softcord.app.results.by_dataset import is_about
from softcord.errors import UsageError
from softcord.report.settings import StudySettings
from softcord.stats.questions import KEYS, Question

# What `compare` says about all questions holds where an entry says nothing and its kind reads it.
_SHARED = ("correction", "unit_of_analysis", "reference")


def study_settings(options: Mapping[str, Any], level: str, data: str | None = None) -> StudySettings:
    """Build what a study asks and shows.

    Of the claims only those about the dataset ``data`` count, and those about no dataset; None takes all.

    Raises:
        UsageError: an entry with an unknown key or value; it is named with its place.
    """
    _check_values(options)
    figures = [
        build({"_target_": "softcord.report.figures.FigureSpec", "level": level, **entry}, place)
        for place, entry in _entries(options, "figures")
    ]
    claims = [
        build({"_target_": f"softcord.stats.claims.{_claim_kind(entry)}", **_without_dataset(entry)}, place)
        for place, entry in _entries(options, "claims")
        if data is None or is_about(entry.get("dataset"), data)
    ]
    return StudySettings(
        questions=_questions(options, level),
        figures=None if options["figures"] is None else tuple(figures),
        claims=tuple(claims),
        same_data=bool(options["same_data"]),
        breakdown=tuple(str(name) for name in options["breakdown"]),
        reference=options["reference"],
        correction=options["correction"],
        unit_of_analysis=options["unit_of_analysis"],
        level=level,
        allow_different=bool(options["allow_different"]),
    )


def _check_values(options: Mapping[str, Any]) -> None:
    """Refuse what no study can ask, also where no question of its own reads it."""
    whole_number(options["soft_values"], "compare.soft_values")
    whole_number(options["qc"], "compare.qc")
    for key in ("measures", "questions", "figures", "claims", "breakdown"):
        if not isinstance(options[key], list) and not (key == "figures" and options[key] is None):
            raise UsageError(f"compare.{key}", f"must be a list, got {options[key]!r}", f"Write {key}=[a,b]")
    shared = {key: options[key] for key in ("correction", "unit_of_analysis")}
    build({"_target_": "softcord.stats.questions.Question", "name": "", "metric": "", **shared}, "compare")


def _questions(options: Mapping[str, Any], level: str) -> tuple[Question, ...]:
    """Build the questions; what ``compare`` says about all of them holds where an entry says nothing."""
    built: list[Question] = []
    for place, entry in _entries(options, "questions"):
        kind = str(entry.get("kind", "methods"))
        read = KEYS.get(kind, ())
        _check_keys(place, entry, kind, read)
        shared = {key: options[key] for key in _SHARED if key in read}
        node = {"_target_": "softcord.stats.questions.Question", "level": level, **shared, **entry}
        built.append(build(node, place))
    return tuple(built)


def _check_keys(place: str, entry: Mapping[str, Any], kind: str, read: Sequence[str]) -> None:
    """Refuse a key that the kind of question does not read, even if it says what holds anyway."""
    known_to_others = {key for keys in KEYS.values() for key in keys} - set(read)
    for key in entry:
        if read and key in known_to_others:
            what = f"is not read by a question of kind {kind}"
            raise UsageError(f"{place}.{key}", what, f"It reads {', '.join(read)}")


def _entries(options: Mapping[str, Any], key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for i, entry in enumerate(options[key] or ()):
        place = f"compare.{key}.{i}"
        if not isinstance(entry, Mapping):
            raise UsageError(
                place, f"must be a set of keys and values, got {entry!r}", "See docs/statistics.md"
            )
        yield place, entry


def _without_dataset(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != "dataset"}


def _claim_kind(entry: Mapping[str, Any]) -> str:
    """Tell what a claim is about by the key that only its kind has."""
    kinds = {"mean": "PaperValue", "slope": "PaperLine", "differs": "PaperEffect"}
    return next((kind for key, kind in kinds.items() if key in entry), "PaperOrder")
