"""`softcord loop`: what the rounds of predicting, correcting and training again have come to."""

import argparse
import re
import shlex
from pathlib import Path

from softcord.app.console.exit_codes import DONE
from softcord.app.console.flags import FlagParser
from softcord.app.console.streams import show

SUMMARY = "the rounds of correcting and training again: status"

_EXAMPLES = """\
softcord loop status my-bids          # where the rounds stand
softcord review my-bids               # rate the masks: which need correction
softcord correct my-bids --next 5     # correct the worst, and -take them back; then train again

A round is what was said of one model's masks. needed: corrections with Dice under 0.95, and rejected masks.
"""


def parser() -> FlagParser:
    """Return the parser of `softcord loop`."""
    words = FlagParser("loop", "Rounds of correcting a dataset's masks and training again.", _EXAMPLES)
    words.add_argument("what", choices=("status",), help="status: a table of the rounds")
    words.add_argument("root", type=Path, metavar="BIDS", help="the dataset")
    return words


def main(argv: list[str] | None = None) -> int:
    """Run `softcord loop`; return the exit code."""
    return parser().run(argv, _status)


def _plain(folder: str) -> str:
    """Return a folder's name as a study may be called: without spaces and the like."""
    return re.sub(r"[^A-Za-z0-9]+", "-", folder).strip("-") or "dataset"


def _status(arguments: argparse.Namespace) -> int:
    from softcord.data.index import existing_root
    from softcord.review.masks import OUR_FOLDER
    from softcord.rounds.ledger import by_round, labelled_contrasts, needed_of_last, read_ledger, verdict

    root = existing_root(arguments.root)
    ledger = read_ledger(root / "derivatives" / OUR_FOLDER / "rounds.tsv")
    table = by_round(ledger)
    if len(table):
        if not table["seen"].any():
            table = table.drop(columns="seen")
        shown = table.round({"dice": 3, "csa_diff_mm2": 2, "minutes": 1})
        show(shown.to_string(index=False, na_rep="n/a"))
    show(verdict(ledger))
    contrasts = labelled_contrasts(ledger)
    if contrasts and needed_of_last(ledger):
        study = f"{_plain(root.resolve().name)}-round{int(ledger['round'].max()) + 1}"
        train = ("experiment=train_again", f"data.root={root}", f"contrasts=[{','.join(contrasts)}]")
        show(f"  {shlex.join(('softcord', 'train', *train, f'study={study}'))}")
        show(f"  {shlex.join(('softcord', 'predict', '-path-data', str(root), '-m', study, '-uncertainty'))}")
    return DONE
