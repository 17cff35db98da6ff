"""Names that anybody may have chosen do nothing where they are shown."""

import io
import logging
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softcord.app.console.progress import phase
from softcord.app.console.streams import say, show
from softcord.errors import DataError
from softcord.io.tables import print_csv, write_table
from softcord.measure.table import Measure, measures_frame, read_measures
from softcord.plain import plain, plain_cell, plain_table
from softcord.report.summary import print_table
from softcord.report.tables import latex, markdown

FORMULA = '=HYPERLINK("http://a.b","c")'
NAMES = (
    FORMULA,
    "+1+cmd",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "sub-01\x1b[2J",
    "a\u202eb",
    "a\r\nb",
)


@given(st.text())
def test_no_text_controls_a_terminal_or_breaks_a_line(text: str) -> None:
    shown = plain(text)
    assert shown.isprintable() or all(one.isprintable() or ord(one) > 0x9F for one in shown)
    assert len(shown.splitlines()) <= 1
    assert shown.encode("utf-8").decode() == shown


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_written_as_text_stay_numbers(number: float) -> None:
    assert plain_cell(repr(number)) == repr(number)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_no_formula_and_no_line_of_its_own_in_a_table(name: str) -> None:
    stream = io.StringIO()
    rows = [Measure("sub-1", "T1w", "dice", -0.5, run="r", method=name)]
    print_csv(measures_frame(rows), stream)
    assert len(stream.getvalue().splitlines()) == 2
    method = pd.read_csv(io.StringIO(stream.getvalue()))["method"].item()
    assert not method.startswith(("=", "+", "-", "@"))
    assert stream.getvalue().encode()


def test_what_was_neutralised_is_read_back_as_it_was_written(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "measures.csv"
    once = plain_table(measures_frame([Measure("sub-1", "T1w", "dice", 0.5, run="r", method=FORMULA)]))
    print_csv(once, path)
    assert read_measures(path)["method"].item() == f"'{FORMULA}"


def test_markdown_and_latex_show_names_as_they_are_and_run_nothing() -> None:
    table = pd.DataFrame(
        {"method": ["![x](http://a.b)", "<img src=x>", r"\input{/etc/passwd}", "$^~{}"], "n": 1}
    )
    shown = markdown(table)
    assert "![x]" not in shown
    assert "\\<img" in shown
    printed = latex(table)
    assert r"\input" not in printed
    assert r"\$\textasciicircum{}\textasciitilde{}\{\}" in printed


def test_errors_and_log_lines_hold_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    from softcord.app.console.terminal import start_logging

    assert "\x1b" not in str(DataError("a\x1b[2J", "is \x07 odd", "Look at \x9b"))
    start_logging()
    logging.getLogger("softcord").warning("%s\nnext", "a\x1b[31m")
    assert capsys.readouterr().err.endswith("a\\x1b[31m\nnext\n")


def test_every_kind_of_table_is_written_with_its_names_neutralised(tmp_path: Path) -> None:
    table = pd.DataFrame({FORMULA: [*NAMES, None], "value": [0.5] * 8})
    for name in ("a.csv", "a.tsv"):
        write_table(tmp_path / name, table)
        text = (tmp_path / name).read_text()
        assert len(text.splitlines()) == 9
        assert "\x1b" not in text
        read = pd.read_csv(tmp_path / name, sep="\t" if name.endswith("tsv") else ",", dtype=str)
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in [*read.iloc[:7, 0], *read.columns])
        assert pd.isna(read.iloc[7, 0])


def test_what_verbs_print_holds_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    show("a\x1b[2J\nb")
    say("\x9b1m")
    show(print_table(pd.DataFrame({"\x1b]0;x\x07": ["c\rd"]})))
    said = capsys.readouterr()
    assert said.out == "a\\x1b[2J\nb\n\\x1b]0;x\\x07\nc\\x0dd\n"
    assert said.err == "\\x9b1m\n"


def test_a_bar_shows_names_as_they_are_whatever_brackets_they_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", terminal)
    with phase("[/nothing]", 1) as on_done:
        on_done("[/red]\x1b]0;x")
    assert "[/red]\\x1b]0;x" in terminal.getvalue()
