"""What the questions of a study are answered from."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Evidence:
    """Everything that was measured, and what is known of those in whom it was measured.

    ``measures``: tidy measures, the columns of measures.csv. ``participants`` and ``sessions``: the tables of
    those names in BIDS, with ``participant_id`` (and ``session_id``); None where nobody gave them.
    """

    measures: pd.DataFrame
    participants: pd.DataFrame | None = None
    sessions: pd.DataFrame | None = None
