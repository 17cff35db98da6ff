"""`softcord review`: look at every mask of a dataset in the browser, and rate it."""

import argparse
import getpass
import shlex
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.app.console.exit_codes import DONE
from softcord.app.console.flags import FlagParser
from softcord.app.console.streams import show
from softcord.app.console.viewer import show_viewer
from softcord.errors import UsageError
from softcord.hints import counted

if TYPE_CHECKING:
    from softcord.review.masks import ReviewMask
    from softcord.review.page import Drawn

SUMMARY = "look at every mask of a dataset and rate it"

_EXAMPLES = """\
softcord review my-bids                                # the newest predictions
softcord review my-bids -o review/                     # a folder that opens without a server
softcord review my-bids -take qc_ratings.tsv           # ratings that were given in such a folder

Ratings are written to my-bids/derivatives/softcord/qc.tsv after each key, and as SCT's lists (qc_fail.yml,
qc_correct.yml, qc_artefact.yml) beside it. The page is served on this machine only, and stops with Ctrl-C.
"""


def parser() -> FlagParser:
    """Return the parser of `softcord review`."""
    words = FlagParser("review", "Look at every mask of a BIDS dataset and rate it.", _EXAMPLES)
    words.add_argument("root", type=Path, metavar="BIDS", help="the dataset")
    words.add_argument("-masks", type=Path, metavar="DIR", help="derivatives folder that holds the masks")
    words.add_argument("-o", "--output", type=Path, metavar="DIR", help="write a folder instead of serving")
    words.add_argument("-take", type=Path, metavar="FILE", help="add the ratings of a table, and stop")
    words.add_argument("-rater", metavar="NAME", help="your name (default: that of your account)")
    words.add_argument("-port", type=int, default=0, metavar="N", help="default: a free one")
    words.add_argument("-no-browser", action="store_true", help="only print where the page is")
    words.add_argument("-v", type=int, choices=(0, 1, 2), default=1, help="0: only errors, and the address")
    return words


def main(argv: list[str] | None = None) -> int:
    """Run `softcord review`; return the exit code."""
    return parser().run(argv, _review)


def _review(arguments: argparse.Namespace) -> int:
    from softcord.review.masks import OUR_FOLDER, find_images, find_review_masks, masks_folder
    from softcord.review.page import within, write_review_page
    from softcord.review.ratings import add_ratings, read_ratings

    ours = arguments.root / "derivatives" / OUR_FOLDER
    table = ours / "qc.tsv"
    if arguments.take is not None:
        if not arguments.take.is_file():
            raise UsageError(f"-take {arguments.take}", "does not exist", "Check the path")
        taken = read_ratings(arguments.take)
        ratings = add_ratings(table, taken)
        if arguments.v:
            show(f"{table}: {counted(len(taken), 'rating')} taken, {len(ratings)} in all")
        return DONE
    masks = find_review_masks(arguments.root, arguments.masks)
    ratings = read_ratings(table)
    folder = arguments.output or ours / "review"
    drawn = _draw(arguments, masks, folder)
    name = arguments.root.absolute().name
    page = write_review_page(
        folder,
        drawn,
        ratings,
        name,
        rater=arguments.rater or getpass.getuser(),
        is_served=arguments.output is None,
        of_what=within(arguments.masks or masks_folder(arguments.root), arguments.root),
    )
    if arguments.v:
        if without := len(find_images(arguments.root)) - len(masks):
            show(f"{counted(without, 'image')} of the dataset without a mask there, not on the page")
        _tell_kappas(table)
        show_viewer(masks[0].image, masks[0].mask)
    if arguments.output is not None:
        if arguments.v:
            then = f"save its ratings, then: softcord review {shlex.quote(str(arguments.root))} -take FILE"
            show(f"{page}: {counted(len(drawn), 'mask')}; {then}")
        return DONE
    return _serve(arguments, folder, table, drawn)


def _draw(arguments: argparse.Namespace, masks: "list[ReviewMask]", folder: Path) -> "list[Drawn]":
    from softcord.app.console.progress import phase
    from softcord.review.page import draw_masks

    with phase("drawing", len(masks)) as on_done:
        return draw_masks(masks, arguments.root, folder, on_done)


def _tell_kappas(table: Path) -> None:
    from softcord.review.kappa import kappas
    from softcord.review.ratings import read_ratings

    for row in kappas(read_ratings(table)).itertuples():
        show(
            f"{row.a} and {row.b}: {row.n} masks rated by both, {row.agree_pct:.0f} % alike, "
            f"kappa {row.kappa:.2f} ({row.ci_low:.2f} to {row.ci_high:.2f})"
        )


def _serve(arguments: argparse.Namespace, folder: Path, table: Path, drawn: "list[Drawn]") -> int:
    from softcord.review.server import ReviewServer

    try:
        server = ReviewServer(folder, table, {one.mask: one.name for one in drawn}, arguments.port)
    except (OSError, OverflowError) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"-port {arguments.port}", what, "Leave it out") from error
    told = f"{len(drawn)} masks: {server.url}\nRatings go to {table}. Ctrl-C stops."
    show(told if arguments.v else server.url, flush=True)  # the address is what was asked for
    if not arguments.no_browser:
        webbrowser.open(server.url)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
    return DONE
