"""`softcord correct`: the masks to correct next, opened in an editor, and taken back."""

import argparse
import getpass
import os
import shlex
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.app.console.exit_codes import DATA, DONE, FAILED
from softcord.app.console.flags import FlagParser
from softcord.app.console.streams import say, show
from softcord.errors import SoftcordError, UsageError
from softcord.hints import and_more, counted, listed

if TYPE_CHECKING:
    from softcord.review.masks import ReviewMask
    from softcord.review.ratings import Rating
    from softcord.rounds.drafts import Correction

SUMMARY = "correct the masks that need it most, and take them back as labels"

_EXAMPLES = """\
softcord correct my-bids --next 5        # five drafts, opened one by one in the editor that is there
softcord correct my-bids --next 5 -no-editor
softcord correct my-bids -take           # edited drafts, and masks that were passed, become labels

Drafts lie in my-bids/derivatives/labels (*_desc-draft_softseg), labels in derivatives/labels_softseg.
Editors: FSLeyes, napari, ITK-SNAP, 3D Slicer, or $SOFTCORD_EDITOR, which gets the image and the draft.
"""


def parser() -> FlagParser:
    """Return the parser of `softcord correct`."""
    words = FlagParser("correct", "Correct the masks of a BIDS dataset that need it most.", _EXAMPLES)
    words.add_argument("root", type=Path, metavar="BIDS", help="the dataset")
    words.add_argument("-next", "--next", type=int, metavar="N", help="write (and open) N drafts")
    words.add_argument(
        "-again", "--again", action="store_true", help="-next: also drafts that wait unchanged"
    )
    words.add_argument("-take", "--take", action="store_true", help="take back what was edited or passed")
    words.add_argument("-masks", type=Path, metavar="DIR", help="derivatives folder that holds the masks")
    words.add_argument("-by", metavar="NAME", help="your name (default: that of your account)")
    words.add_argument("-no-editor", action="store_true", help="only write drafts and print the command")
    words.add_argument("-v", type=int, choices=(0, 1, 2), default=1, help="0: only errors")
    return words


def main(argv: list[str] | None = None) -> int:
    """Run `softcord correct`; return the exit code."""
    return parser().run(argv, _correct)


def _correct(arguments: argparse.Namespace) -> int:
    from softcord.review.masks import find_review_masks

    if (arguments.next is None) == (not arguments.take):
        raise UsageError("softcord correct", "needs either -next or -take", "softcord correct -h shows both")
    if arguments.next is not None and arguments.next < 1:
        raise UsageError("-next", f"must be at least 1, got {arguments.next}")
    if arguments.again and arguments.next is None:
        raise UsageError("-again", "says which drafts -next opens", "Leave it out, or give -next N")
    masks = find_review_masks(arguments.root, arguments.masks)
    return _next(arguments, masks) if arguments.next is not None else _take_all(arguments, masks)


def _next(arguments: argparse.Namespace, masks: "list[ReviewMask]") -> int:
    from softcord.app.console.progress import phase
    from softcord.rounds.candidates import candidate, sites_of
    from softcord.rounds.choose import choose
    from softcord.rounds.drafts import write_draft
    from softcord.rounds.editors import VARIABLE, editor_command, wants_hard

    by_name = {one.name: one for one in masks}
    editor_command(Path("image"), Path("draft"), os.environ)  # refused before anything is written
    is_hard = wants_hard(os.environ)
    ratings = _ratings_of(arguments.root, masks)
    done = _with_labels(arguments.root, masks, ratings)
    waiting = _drafts(arguments.root, [one for one in masks if one.name not in done])
    done |= set(waiting) if not arguments.again else {name for name in waiting if not waiting[name]}
    sites = sites_of(arguments.root)
    with phase("judging masks", len(masks)) as on_done:
        candidates = []
        for mask in masks:
            candidates.append(candidate(mask, sites))
            on_done(mask.name)
    chosen = choose(candidates, arguments.next, ratings, done)
    if left := [name for name in waiting if waiting[name] and not arguments.again]:
        _tell(arguments, f"{counted(len(left), 'draft')} of before wait unchanged; -again opens them, too.")
    if not chosen:
        _tell(arguments, "Nothing is left to correct: all masks are labels, drafts, passed or rejected.")
    codes = []
    for one in chosen:
        mask = by_name[one.name]
        draft = write_draft(arguments.root, mask, is_hard=is_hard)
        command = editor_command(mask.image, draft, os.environ)
        _tell(arguments, f"{draft}  (quality {one.score:.2f})")
        if command is None:
            _tell(arguments, f"  no editor was found: open it over {mask.image}, or set ${VARIABLE}")
        else:
            _tell(arguments, f"  {shlex.join(command)}", flush=True)
            if not arguments.no_editor:
                codes.append(_edit(arguments, mask, command))
    if chosen and (arguments.no_editor or not codes):
        _tell(arguments, f"When they are edited: softcord correct {shlex.quote(str(arguments.root))} -take")
    return max(codes, default=DONE)


def _with_labels(root: Path, masks: "list[ReviewMask]", ratings: dict[str, str]) -> set[str]:
    """Return the images that have a label; not those whose mask was passed and is to be corrected now."""
    from softcord.rounds.drafts import label_path, taken_of

    there = [one for one in masks if label_path(root, one).exists()]
    return {
        one.name for one in there if ratings.get(one.name) != "correct" or taken_of(root, one) != "accepted"
    }


def _drafts(root: Path, masks: "list[ReviewMask]") -> dict[str, bool]:
    """Return the drafts by their image, and whether they wait unchanged; none that a later mask outdates."""
    from softcord.rounds.drafts import draft_path, is_changed, is_outdated

    there = [one for one in masks if draft_path(root, one).exists() and not is_outdated(root, one)]
    return {one.name: not is_changed(draft_path(root, one)) for one in there}


def _tell(arguments: argparse.Namespace, text: str, *, flush: bool = False) -> None:
    if arguments.v:
        show(text, flush=flush)


def _edit(arguments: argparse.Namespace, one: "ReviewMask", command: list[str]) -> int:
    """Open a draft, wait for the editor to close, and take what was changed."""
    from softcord.rounds.drafts import draft_path, is_changed

    started = time.monotonic()
    code = subprocess.run(command, check=False).returncode
    if code:
        what = f"ended with {code}; the draft is kept, and softcord correct -take takes it as it is"
        say(f"softcord: {command[0]}: {what}.")
        return FAILED
    if not is_changed(draft_path(arguments.root, one)):
        _tell(arguments, "  not changed: it stays a draft (rate it with softcord review if it is right)")
        return DONE
    return _take(arguments, one, time.monotonic() - started)


def _take_all(arguments: argparse.Namespace, masks: "list[ReviewMask]") -> int:
    """Take edited drafts and passed masks, and note those that were rejected."""
    from softcord.rounds.drafts import draft_path, drafted_elsewhere, is_changed, label_path, taken_of

    codes, waiting, unsaid = [DONE], 0, list[str]()
    masks = [*masks, *drafted_elsewhere(arguments.root, masks)]
    said = _ratings(arguments.root, masks)
    for one in masks:
        draft, mask = draft_path(arguments.root, one), _inside(one.mask, arguments.root)
        rating = said[mask].rating if mask in said else ""
        taken = taken_of(arguments.root, one)
        if draft.exists() and is_changed(draft):
            codes.append(_take(arguments, one, None))
        elif _decides(rating, taken, is_labelled=label_path(arguments.root, one).exists()):
            codes.append(_as_rated(arguments, one, rating, said[mask].rater))
        elif rating == "correct" and taken == "accepted":
            _no_longer_passed(arguments, one)
        elif draft.exists():
            waiting += 1
        elif taken == "accepted" and not rating:
            unsaid.append(one.name)
    _tell_disputed(arguments, masks)
    if unsaid:
        what = "passed once, and by nobody's rating now; rate again what is not to train"
        _tell(arguments, f"{counted(len(unsaid), 'label')} {what}: {listed(unsaid, 3)}.")
    if waiting:
        _tell(arguments, f"{counted(waiting, 'draft')} not changed, waiting to be edited.")
    elif len(codes) == 1:
        _tell(arguments, "Nothing new: no draft was edited, and no mask passed or rejected since.")
    return max(codes)


def _tell_disputed(arguments: argparse.Namespace, masks: "list[ReviewMask]") -> None:
    """Say of how many masks people disagree: somebody's word is taken, and another's is not."""
    from softcord.review.ratings import disputed, read_ratings

    here = {_inside(one.mask, arguments.root) for one in masks}
    said = [one for one in read_ratings(_ours(arguments.root) / "qc.tsv") if one.mask in here]
    if found := disputed(said):
        more = and_more(len(found) - 1)
        _tell(arguments, f"{Path(found[0]).name}{more}: people disagree, and the latest rating counts.")


def _decides(rating: str, taken: str, *, is_labelled: bool) -> bool:
    """Whether a rating makes a mask a label, or rejects it: not where it was corrected by hand."""
    from softcord.report.rating_words import REJECTED

    return not is_labelled if rating == "pass" else rating in REJECTED and taken in ("", "accepted")


def _take(arguments: argparse.Namespace, one: "ReviewMask", seconds: float | None) -> int:
    from softcord.rounds.drafts import drafted_from, take_back

    by = arguments.by or getpass.getuser()
    try:
        one = drafted_from(arguments.root, one)
        made = take_back(arguments.root, one, by)
    except SoftcordError as error:
        say(f"softcord: {error}")
        return DATA
    _note(arguments, one, made, seconds, by)
    _tell(
        arguments,
        f"  {one.name}: {made.taken}, {made.changed_voxels} voxels changed sides, Dice with the prediction "
        f"{made.dice:.3f}, CSA {made.csa_predicted_mm2:.1f} -> {made.csa_corrected_mm2:.1f} mm²",
    )
    return DONE


def _as_rated(arguments: argparse.Namespace, one: "ReviewMask", rating: str, by: str) -> int:
    """Make a label of a mask that was passed; note one that was rejected, which becomes none."""
    from softcord.rounds.drafts import accept, label_path, withdraw

    try:
        made = accept(arguments.root, one, by) if rating == "pass" else None
    except SoftcordError as error:
        say(f"softcord: {error}")
        return DATA
    taken = _note(arguments, one, made, None, by, is_bad_image=rating == "artefact")
    was = "; it is no label any more" if made is None and withdraw(arguments.root, one) else ""
    if rating == "artefact" and (label := label_path(arguments.root, one)).exists():
        was = f"; but {label} is a label of it, which stays"
    _tell(arguments, f"  {one.name}: {taken}, as {by} rated it{was}")
    return DONE


def _no_longer_passed(arguments: argparse.Namespace, one: "ReviewMask") -> None:
    """Take back the label that a mask became by being passed: it is to be corrected now."""
    from softcord.rounds.candidates import model_of_mask
    from softcord.rounds.drafts import withdraw
    from softcord.rounds.ledger import forget_looked

    forget_looked(_ours(arguments.root) / "rounds.tsv", model_of_mask(one.mask), one.name)
    withdraw(arguments.root, one)
    _tell(arguments, f"  {one.name}: needs correction, and is no label any more")


def _note(
    arguments: argparse.Namespace,
    one: "ReviewMask",
    made: "Correction | None",
    seconds: float | None,
    by: str,
    *,
    is_bad_image: bool = False,
) -> str:
    """Add a mask to the ledger of rounds; return what became of it."""
    from softcord.review.ratings import now
    from softcord.rounds.candidates import model_of_mask
    from softcord.rounds.ledger import BAD_IMAGE, Looked, add_looked, read_ledger, round_of

    path, model = _ours(arguments.root) / "rounds.tsv", model_of_mask(one.mask)
    numbers = made.written() if made is not None else {}
    taken = made.taken if made is not None else BAD_IMAGE if is_bad_image else "rejected"
    row = Looked(
        round_of(read_ledger(path), model),
        model,
        one.name,
        one.contrast,
        taken,
        seconds="" if seconds is None else f"{seconds:.0f}",
        by=by,
        at=now(),
        **numbers,
    )
    add_looked(path, [row])
    return taken


def _ours(root: Path) -> Path:
    from softcord.review.masks import OUR_FOLDER

    return root / "derivatives" / OUR_FOLDER


def _ratings(root: Path, masks: "list[ReviewMask]") -> "dict[str, Rating]":
    """Return the latest rating of each mask, by its path; what lay there before it has no say."""
    from softcord.data.filehash import checksum
    from softcord.review.ratings import latest, of_these, read_ratings

    found = read_ratings(_ours(root) / "qc.tsv")
    return dict(latest(of_these(found, {_inside(one.mask, root): checksum(one.mask) for one in masks})))


def _ratings_of(root: Path, masks: "list[ReviewMask]") -> dict[str, str]:
    """Return the rating of each of these masks, by its image; those of an earlier model's masks do not count.

    But a bad image is one for every model.
    """
    from softcord.review.ratings import latest, read_ratings

    whenever = latest(read_ratings(_ours(root) / "qc.tsv")).values()
    of_image = {one.image: one.rating for one in whenever}
    of_mask = {mask: one.rating for mask, one in _ratings(root, masks).items()}
    return {
        one.name: "artefact"
        if of_image.get(one.name) == "artefact"
        else of_mask.get(_inside(one.mask, root), "")
        for one in masks
    }


def _inside(path: Path, root: Path) -> str:
    from softcord.review.page import within

    return within(path, root)
