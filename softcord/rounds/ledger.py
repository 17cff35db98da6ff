"""The ledger of a dataset's rounds: what was accepted, corrected and rejected of each model's masks.

``derivatives/softcord/rounds.tsv`` has a row for each mask that was looked at; a round is all that was said
of the masks of one model, in the order in which models came.
"""

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pandas as pd
from filelock import FileLock

from softcord.errors import DataError
from softcord.hints import counted
from softcord.io.tables import write_table
from softcord.stats.words import signed

NEEDED_BELOW = 0.95  # Dice of prediction and correction under which a correction was needed
ENOUGH = 5  # masks to look at before a round can say that no more is needed
BAD_IMAGE = "bad image"  # nobody can correct it, and no training helps
LABELS = ("accepted", "corrected", "softened")
TAKEN = (*LABELS, "rejected", BAD_IMAGE)


@dataclass(frozen=True)
class Looked:
    """One mask of one round; numbers compare prediction and correction, empty for a rejected mask and
    one of a bad image."""

    round: int
    model: str
    image: str
    contrast: str
    taken: str
    changed_voxels: str = ""
    dice: str = ""
    csa_predicted_mm2: str = ""
    csa_corrected_mm2: str = ""
    seconds: str = ""
    by: str = ""
    at: str = ""


_COLUMNS = tuple(field.name for field in fields(Looked))


def read_ledger(path: Path) -> pd.DataFrame:
    """Return the ledger, numbers as numbers; without rows where there is none.

    Raises:
        DataError: it was edited into something else.
    """
    if not path.exists():
        return pd.DataFrame(columns=list(_COLUMNS))
    try:
        table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
        table = table[list(_COLUMNS)]
        table["round"] = table["round"].astype(int)
        for name in ("changed_voxels", "dice", "csa_predicted_mm2", "csa_corrected_mm2", "seconds"):
            table[name] = pd.to_numeric(table[name])
    except (KeyError, ValueError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        what = f"is no ledger of rounds ({' '.join(str(error).split())})"
        raise DataError(path, what, "Repair or move it; nothing was changed") from error
    return table


def add_looked(path: Path, rows: Iterable[Looked]) -> None:
    """Add masks to the ledger, each in place of the same mask's earlier row of that round."""
    with _changing(path) as known:
        for one in rows:
            known[str(one.round), one.image] = {name: str(value) for name, value in asdict(one).items()}


def forget_looked(path: Path, model: str, image: str) -> None:
    """Remove what was said of a model's mask of an image, since it was taken back."""
    with _changing(path) as known:
        for key, row in list(known.items()):
            if (row["model"], row["image"]) == (model, image):
                del known[key]


@contextmanager
def _changing(path: Path) -> Iterator[dict[tuple[str, str], dict[str, str]]]:
    """Give the rows by round and image, and write them as they are left; one process at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.parent / f".{path.name}.lock", timeout=10):
        read_ledger(path)
        known: dict[tuple[str, str], dict[str, str]] = {}
        if path.exists():
            with path.open(encoding="utf-8", newline="") as stream:
                known = {(row["round"], row["image"]): row for row in csv.DictReader(stream, delimiter="\t")}
        yield known
        table = pd.DataFrame([*known.values()], columns=pd.Index(_COLUMNS), dtype=object)
        write_table(path, table, missing="")


def round_of(ledger: pd.DataFrame, model: str) -> int:
    """Return the round of a model: that in which its masks were looked at before, or the next."""
    same = ledger[ledger["model"] == model]
    if len(same):
        return int(same["round"].iloc[-1])
    return int(ledger["round"].max()) + 1 if len(ledger) else 1


def by_round(ledger: pd.DataFrame) -> pd.DataFrame:
    """Return a row per round and contrast, and one for all of a round's contrasts together.

    Columns: round, model, contrast, looked_at, needed (corrections with Dice under 0.95, and rejected masks),
    rejected, seen (of people of whom a mask became a label in an earlier round: the model has probably learnt
    from them), dice (mean, prediction to correction), csa_diff_mm2 (mean, correction minus prediction),
    minutes.
    """
    rows = []
    for number, part in ledger.assign(seen=_seen(ledger)).groupby("round", sort=True):
        contrasts = sorted(part["contrast"].unique())
        for contrast in ["all", *contrasts] if len(contrasts) > 1 else contrasts:
            these = part if contrast == "all" else part[part["contrast"] == contrast]
            rejected = these["taken"] == "rejected"
            rows.append(
                {
                    "round": number,
                    "model": these["model"].iloc[0],
                    "contrast": contrast,
                    "looked_at": len(these),
                    "needed": int(((these["dice"] < NEEDED_BELOW) | rejected).sum()),
                    "rejected": int(rejected.sum()),
                    "seen": int(these["seen"].sum()),
                    "dice": these["dice"].mean(),
                    "csa_diff_mm2": (these["csa_corrected_mm2"] - these["csa_predicted_mm2"]).mean(),
                    "minutes": these["seconds"].sum() / 60,
                }
            )
    return pd.DataFrame(rows)


def _seen(ledger: pd.DataFrame) -> "pd.Series[bool]":
    """Whether each mask is of a person of whom an earlier round has a label, of whatever image."""
    person = ledger["image"].str.partition("_")[0]
    labels = ledger["taken"].isin(LABELS)
    first = ledger["round"].where(labels).groupby(person).transform("min")
    return ledger["round"] > first


def labelled_contrasts(ledger: pd.DataFrame) -> tuple[str, ...]:
    """Return the contrasts of which masks became labels, in any round: what a model can learn from."""
    became = ledger["taken"].isin(LABELS)
    return tuple(sorted(ledger.loc[became, "contrast"].unique()))


def needed_of_last(ledger: pd.DataFrame) -> int:
    """Return how many masks of the last round needed correction, rejected ones included."""
    last = _last_round(ledger)
    return int(((last["dice"] < NEEDED_BELOW) | (last["taken"] == "rejected")).sum())


def _last_round(ledger: pd.DataFrame) -> pd.DataFrame:
    is_last = (ledger["round"] == ledger["round"].max()) & (ledger["taken"] != BAD_IMAGE)
    last: pd.DataFrame = ledger.assign(seen=_seen(ledger))[is_last]
    return last


def verdict(ledger: pd.DataFrame) -> str:
    """Say in one sentence whether another round is needed."""
    if ledger.empty:
        return "Nothing was looked at yet."
    last = _last_round(ledger)
    needed = needed_of_last(ledger)
    of_last = f"{counted(len(last), 'mask')} of the last round needed correction"
    if needed:
        return f"{needed} of {of_last}: train again, and look again."
    if len(last) - last["seen"].sum() < ENOUGH:
        few = f"None of {counted(len(last), 'mask')} needed correction"
        whose = " of people of whom no round before has a label" if last["seen"].any() else ""
        return f"{few}; look at {ENOUGH} at least{whose} before you stop."
    change_mm2 = (last["csa_corrected_mm2"] - last["csa_predicted_mm2"]).mean()
    # A soft mask may change its area and hardly its Dice: who stops has to know.
    said = f"Dice under {NEEDED_BELOW:g}; CSA changed by {signed(change_mm2, 1)} mm² on average"
    return f"None of {of_last} ({said}): you may stop."
