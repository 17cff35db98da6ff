"""What a check found: one finding a problem, with the file and the way out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Literal

import pandas as pd

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One problem of a dataset.

    ``what`` is the kind of problem in few words, the same for all findings of that kind; ``detail`` says what
    is particular to this one. An error keeps something from being used, a warning may be wrong or may change
    results, a note is good to know.
    """

    severity: Severity
    what: str
    file: str = ""
    participant_id: str = ""
    contrast: str = ""
    detail: str = ""
    hint: str = ""

    def __post_init__(self) -> None:
        """Replace what a file's name may hold and cannot be printed: bytes that are no text, line breaks."""
        for name in ("file", "detail"):
            text = getattr(self, name)
            if not text.isprintable():
                text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
                text = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
                object.__setattr__(self, name, text)


@dataclass(frozen=True)
class Summary:
    """All findings of one kind: how many, on which files for example, and the way out."""

    severity: Severity
    what: str
    count: int
    examples: tuple[str, ...]
    hint: str


def findings_table(findings: Iterable[Finding]) -> pd.DataFrame:
    """One row a finding, worst first."""
    columns = [field.name for field in fields(Finding)]
    rows = [[getattr(finding, column) for column in columns] for finding in in_order(findings)]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Sort by severity, kind and file."""
    return sorted(findings, key=lambda one: (SEVERITIES.index(one.severity), one.what, one.file))


def summarise(findings: Sequence[Finding], examples: int = 3) -> list[Summary]:
    """Group findings of one kind and remedy, worst first, with the first few files of each."""
    groups: dict[tuple[Severity, str, str], list[Finding]] = {}
    for finding in in_order(findings):
        groups.setdefault((finding.severity, finding.what, finding.hint), []).append(finding)
    return [
        Summary(severity, what, len(group), tuple(map(_example, group[:examples])), hint)
        for (severity, what, hint), group in groups.items()
    ]


def _example(finding: Finding) -> str:
    return (
        f"{finding.file}: {finding.detail}"
        if finding.file and finding.detail
        else finding.file or finding.detail
    )


def count_by_severity(findings: Iterable[Finding]) -> dict[Severity, int]:
    """Count errors, warnings and notes."""
    counts = Counter(finding.severity for finding in findings)
    return {severity: counts[severity] for severity in SEVERITIES}
