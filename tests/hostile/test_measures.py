"""No table of measures, however odd, is more than one line; what it says is never a path or a formula."""

import csv
import io
import random
from pathlib import Path

import pytest

from softcord.app.verbs.compare import main as compare
from tests.hostile.harness import ODD, Watch, damaged, each
from tests.stats.measures import make_measures


def draw(source: random.Random) -> str:
    """A table with some cells, columns or rows that are not as they should be."""
    stream = io.StringIO()
    make_measures(participants=3).to_csv(stream, index=False)
    rows = list(csv.reader(stream.getvalue().splitlines()))
    for _ in range(source.randrange(1, 5)):
        _change(rows, source)
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    text = stream.getvalue()
    return damaged(text, source) if source.random() < 0.15 else text


def _change(rows: list[list[str]], source: random.Random) -> None:
    kind, column, odd = source.random(), source.randrange(len(rows[0])), str(source.choice(ODD))
    if kind < 0.35:  # a name, wherever it stands
        before = source.choice(rows[1:])[column]
        for row in rows[1:]:
            row[column] = odd if row[column] == before else row[column]
    elif kind < 0.7:
        source.choice(rows)[column] = odd
    elif kind < 0.8:
        for row in rows:
            del row[column]
    elif kind < 0.9:
        rows.append(source.choice(rows))
    else:
        del rows[source.randrange(1, len(rows)) :]


def test_compare_refuses_a_table_or_compares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    watch = Watch.beside_somebodys_files(tmp_path, capsys)
    words = [
        "compare.measures=[m.csv]",
        "compare.figures=null",
        "compare.claims=[]",
        "compare.qc=0",
        "study=s",
    ]

    def attempt(text: str) -> None:
        Path("m.csv").write_text(text, encoding="utf-8", errors="surrogateescape")
        watch.run(compare, words, codes=(0, 2, 3))
        for path in Path("outputs").rglob("*.csv"):
            with path.open(encoding="utf-8", newline="") as stream:
                cells = [cell for row in csv.reader(stream) for cell in row]
            assert not [cell for cell in cells if cell.startswith(("=", "@"))]

    each("measures", draw, 15, attempt)
