"""What a method is called within its study: runs of one label differ in the seed alone.

A label is decided once, when its first run joins the study, and recorded. It says in what the run differs
from the study's run that has the bare name; where several new ones come together, each says what varies among
them. Later runs take labels that are free, so that rows measured earlier keep the name they were measured
under. Written as the difference from defaults instead, every label would repeat what a study's runs share.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

# More words, or longer ones, are a checksum: the whole difference is recorded beside the run.
_MOST_WORDS = 4
_LONGEST = 60
_SHORT = {
    "learning_rate": "lr",
    "batch_size": "batch",
    "patch_size_mm": "patch",
    "spacing_mm": "spacing",
    "start_from": "from",
}
# Groups whose option says by itself what it is; of others the group is added: ``paper_split``.
_PLAIN_GROUPS = ("model", "train", "data", "phantom")


# Keys and the texts of their values.
_Stated = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Made:
    """A run, or one to be, as its label sees it.

    ``base`` is its method's name by the choices that every name tells. ``values`` are all settings that
    determine the result but the seed, by dotted key. ``stated`` are the options of groups and the keys in
    which the settings differ from those options, where that is known (else None): a group that is another
    option is one difference, however many keys that changes. ``label`` is empty as long as it has none.
    """

    base: str
    seed: int
    values: Mapping[str, Any]
    stated: Mapping[str, Any] | None = None
    config_hash: str = ""
    label: str = ""


class _Labels:
    """The labels of a study, and what each stands for."""

    def __init__(self, known: Iterable[Made]) -> None:
        # One run of each label that a base name has got; the label that was given last is at the end.
        self._families: dict[str, dict[str, Made]] = {}
        # Labels of a family by what is stated of that run, each with its place in the order of giving.
        self._by_stated: dict[tuple[str, _Stated | None], dict[str, int]] = {}
        self._first: dict[str, Made] = {}
        self._hashes: dict[tuple[str, int], set[str]] = {}
        for n, one in enumerate(known):
            self.add(one, n)

    def add(self, one: Made, place: int) -> None:
        family = self._families.setdefault(one.base, {})
        shown = family[one.label] = family.pop(one.label, one)
        self._by_stated.setdefault((one.base, _stated(shown)), {})[one.label] = place
        self._first.setdefault(one.label, one)
        self._hashes.setdefault((one.label, one.seed), set()).add(one.config_hash)

    def family(self, base: str) -> Mapping[str, Made]:
        """Return one run of each label that a base name has got."""
        return self._families.get(base, {})

    def alike(self, one: Made) -> str | None:
        """Return a label of runs with these settings that another seed may have."""
        family = self.family(one.base)
        # Thousands of runs may join at once: only those that can be the same are looked at.
        near = {
            **self._by_stated.get((one.base, _stated(one)), {}),
            **self._by_stated.get((one.base, None), {}),
        }
        labels = family if one.stated is None else sorted(near, key=near.__getitem__)
        same = (label for label in labels if not differing(family[label], one))
        return next((label for label in same if self.is_free(label, one)), None)

    def is_free(self, label: str, one: Made) -> bool:
        """Whether a run may have the label: its others differ from it in the seed alone."""
        first = self._first.get(label)
        if first is not None and (first.base != one.base or differing(first, one)):
            return False
        return self._hashes.get((label, one.seed), set()) <= {one.config_hash}


def label_all(new: Sequence[Made], known: Iterable[Made] = ()) -> list[str]:
    """Return a label for each of ``new``, which join the ``known`` runs of a study.

    >>> rates = [Made("soft_all", 1, {"train.learning_rate": rate}) for rate in (0.001, 0.01)]
    >>> label_all(rates), label_all(rates[:1])
    (['soft_all_lr0.001', 'soft_all_lr0.01'], ['soft_all'])
    >>> label_all(rates[1:], [replace(rates[0], label="soft_all")])
    ['soft_all_lr0.01']
    """
    known = list(known)
    labels = _Labels(known)
    found: dict[int, str] = {}
    for base in dict.fromkeys(one.base for one in new):
        same_base = [(place, one) for place, one in enumerate(new) if one.base == base]
        # What varies is looked for once, so that the order within a command does not matter.
        family = list(labels.family(base).values())
        bare = next((run for run in family if run.label == base), None)
        telling = varying([*family, *(one for _, one in same_base)])
        for place, one in same_base:
            keys = differing(bare, one) if bare else telling
            found[place] = _label(one, keys, labels)
            labels.add(replace(one, label=found[place]), len(known) + len(found))
    return [found[place] for place in range(len(new))]


def differing(one: Made, other: Made) -> list[str]:
    """Return the keys in which two runs differ, the seed aside; keys that one does not know do not count."""
    if one.stated is not None and other.stated is not None:
        keys = dict.fromkeys([*one.stated, *other.stated])
        return [key for key in keys if _text(one.stated.get(key)) != _text(other.stated.get(key))]
    common = (key for key in one.values if key in other.values)
    return [key for key in common if _text(one.values[key]) != _text(other.values[key])]


def _stated(one: Made) -> _Stated | None:
    """Return what is the same of two runs exactly if nothing that is stated of them differs."""
    if one.stated is None:
        return None
    texts = ((key, _text(value)) for key, value in one.stated.items())
    return frozenset(pair for pair in texts if pair[1] != _text(None))


def varying(runs: Sequence[Made]) -> list[str]:
    """Return the keys in which any of the runs differs from the first, which all that differ do."""
    return list(dict.fromkeys(key for run in runs[1:] for key in differing(runs[0], run)))


def _label(one: Made, keys: Sequence[str], labels: _Labels) -> str:
    if alike := labels.alike(one):
        return alike
    label = "_".join([one.base, *_words(one, keys)])
    if labels.is_free(label, one):
        return label
    return f"{label}_x{_checksum([one.values, one.config_hash])}"


def _words(one: Made, keys: Sequence[str]) -> list[str]:
    words = [_word(one, key) for key in keys if one.stated is None or key in one.stated or "." in key]
    words = [word for word in words if word]
    if len(words) > _MOST_WORDS or len("_".join(words)) > _LONGEST:
        return [f"settings-{_checksum([_text(one.values.get(key)) for key in keys])}"]
    return words


def _word(one: Made, key: str) -> str:
    if one.stated is not None and key in one.stated and key not in one.values:  # the option of a group
        option = short_value(one.stated[key])
        return option if key in _PLAIN_GROUPS else f"{option}_{key}"
    if key not in one.values:
        return ""
    return changed(_key_word(key, one.values), one.values[key])


def _key_word(key: str, values: Mapping[str, Any]) -> str:
    """Return the last part of a key, or the last two where another key ends alike: ``split_seed``."""
    group, _, last = key.rpartition(".")
    alike = [other for other in values if other.rpartition(".")[2] == last]
    word = _SHORT.get(last, last)
    is_known = last == "seed" or len(alike) > 1
    return f"{group.rpartition('.')[2]}_{word}" if is_known and group else word


def changed(word: str, value: Any) -> str:
    """Return what a name says of a setting: ``lr0.01``, ``no_elastic``, ``alignment-discs``."""
    if value is None or value is False:
        return f"no_{word}"
    if value is True:
        return word
    text = short_value(value)
    return f"{word}-{text}" if text[:1].isalpha() else f"{word}{text}"


def short_value(value: Any) -> str:
    """Return a value as names have it; what a name cannot hold is a hyphen.

    >>> short_value(0.0010), short_value([32, 48, 64]), short_value("a/b")
    ('0.001', '32-48-64', 'a-b')
    """
    return re.sub(r"[^A-Za-z0-9.+_-]+", "-", _text(value)).strip("-")


def _text(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return "-".join(_text(part) for part in value)
    return str(value)


def _checksum(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:4]
