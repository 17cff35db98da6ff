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
from dataclasses import dataclass, field, replace
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


@dataclass
class _Labels:
    """The labels of a study, and what each stands for."""

    runs: list[Made] = field(default_factory=list)

    def add(self, one: Made) -> None:
        self.runs.append(one)

    def family(self, base: str) -> list[Made]:
        """Return one run of each label that a base name has got."""
        return list({run.label: run for run in reversed(self.runs) if run.base == base}.values())[::-1]

    def is_free(self, label: str, one: Made) -> bool:
        """Whether a run may have the label: its others differ from it in the seed alone."""
        same = [run for run in self.runs if run.label == label]
        if any(run.base != one.base or differing(run, one) for run in same[:1]):
            return False
        return not any(run.seed == one.seed and run.config_hash != one.config_hash for run in same)


def label_all(new: Sequence[Made], known: Iterable[Made] = ()) -> list[str]:
    """Return a label for each of ``new``, which join the ``known`` runs of a study.

    >>> rates = [Made("soft_all", 1, {"train.learning_rate": rate}) for rate in (0.001, 0.01)]
    >>> label_all(rates), label_all(rates[:1])
    (['soft_all_lr0.001', 'soft_all_lr0.01'], ['soft_all'])
    >>> label_all(rates[1:], [replace(rates[0], label="soft_all")])
    ['soft_all_lr0.01']
    """
    labels = _Labels(list(known))
    found: dict[int, str] = {}
    for base in dict.fromkeys(one.base for one in new):
        same_base = [(place, one) for place, one in enumerate(new) if one.base == base]
        # What varies is looked for once, so that the order within a command does not matter.
        family = labels.family(base)
        bare = next((run for run in family if run.label == base), None)
        telling = varying([*family, *(one for _, one in same_base)])
        for place, one in same_base:
            keys = differing(bare, one) if bare else telling
            found[place] = _label(one, keys, labels)
            labels.add(replace(one, label=found[place]))
    return [found[place] for place in range(len(new))]


def differing(one: Made, other: Made) -> list[str]:
    """Return the keys in which two runs differ, the seed aside; keys that one does not know do not count."""
    if one.stated is not None and other.stated is not None:
        keys = dict.fromkeys([*one.stated, *other.stated])
        return [key for key in keys if _text(one.stated.get(key)) != _text(other.stated.get(key))]
    common = (key for key in one.values if key in other.values)
    return [key for key in common if _text(one.values[key]) != _text(other.values[key])]


def varying(runs: Sequence[Made]) -> list[str]:
    """Return the keys in which any of the runs differs from the first, which all that differ do."""
    return list(dict.fromkeys(key for run in runs[1:] for key in differing(runs[0], run)))


def _label(one: Made, keys: Sequence[str], labels: _Labels) -> str:
    for run in labels.family(one.base):
        if not differing(run, one) and labels.is_free(run.label, one):
            return run.label
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
