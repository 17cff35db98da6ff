"""Names that anybody may have chosen do nothing where they are shown."""

import io
import logging

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softcord.errors import DataError
from softcord.measure.table import Measure, measures_frame, read_measures, table_csv
from softcord.plain import plain, plain_cell, plain_table
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
    table_csv(measures_frame(rows), stream)
    assert len(stream.getvalue().splitlines()) == 2
    method = pd.read_csv(io.StringIO(stream.getvalue()))["method"].item()
    assert not method.startswith(("=", "+", "-", "@"))
    assert stream.getvalue().encode()


def test_what_was_neutralised_is_read_back_as_it_was_written(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "measures.csv"
    once = plain_table(measures_frame([Measure("sub-1", "T1w", "dice", 0.5, run="r", method=FORMULA)]))
    table_csv(once, path)
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
