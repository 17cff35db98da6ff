"""The page of a comparison of two models."""

from collections.abc import Mapping, Sequence

import pandas as pd

from softcord.drift.changed import ChangedImage
from softcord.drift.tables import failures_table, levels_table, spread_table, tests_table
from softcord.drift.verdict import Verdict
from softcord.report.page import Block, Items, Page, Picture, Text, render, table_of
from softcord.report.tables import cell_text

_READ = (
    "Shift is the Hodges-Lehmann shift of participants (new minus old), with the 95% interval of the "
    "signed-rank test; limits are the 95% limits of agreement of participants' means. Equivalent needs all "
    "images together and every contrast, p_within below 0.05; a group of participants counts only against "
    "it. Shifted needs p_beyond below 0.025: that of a contrast or group below 0.025 divided by how many "
    "there are, so its interval may lie beyond the margin and the verdict still be that one cannot tell."
)
_PICTURES = "Yellow: new model, green: old model (both at 0.5); below, the new model's soft mask."


def drift_page(
    title: str,
    said: str,
    verdict: Verdict,
    areas: pd.DataFrame,
    level: str,
    changed: Sequence[ChangedImage],
    made: Mapping[str, object],
) -> str:
    """Return one HTML document: sentence, tests, levels, spread, failures, pictures, where from.

    ``areas`` is the table of :func:`softcord.drift.compare.compare_models`, ``level`` the one that decides.
    """
    images = areas[areas["level"] == level]
    sections: dict[str, Sequence[Block]] = {
        "Verdict": [Items((said,)), Text(_READ, is_hint=True), *_table(tests_table(verdict))],
        "Levels": _table(levels_table(areas)),
        "Spread over contrasts": _table(spread_table(images)),
        "Failures": _table(failures_table(images)) or [Text("Both models measured every image.")],
        "Changed most": [
            *([Text(_PICTURES, is_hint=True)] if changed else [Text("No image changed.")]),
            *(Picture(f"{one.name}: {one.what}", "jpeg", one.jpeg) for one in changed),
        ],
        "Provenance": _table(pd.DataFrame([{"what": key, "value": value} for key, value in made.items()])),
    }
    return render(Page(f"{title}: softcord drift", title, sections))


def _table(table: pd.DataFrame) -> list[Block]:
    return table_of(table, text=cell_text)
