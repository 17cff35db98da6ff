"""The review page as a folder: one HTML file, and a file of pictures for each mask, loaded when looked at.

The folder opens without a server; ratings are then kept in the browser until they are saved as a table.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from softcord.data.filehash import checksum
from softcord.errors import SoftcordError
from softcord.hints import counted
from softcord.io.files import write_text
from softcord.io.masks import read_mask
from softcord.io.nifti import read_volume
from softcord.measure.unsure import is_unsure
from softcord.report.page import Page, Review, render
from softcord.review.masks import ReviewMask
from softcord.review.pictures import review_pictures
from softcord.review.ratings import Rating, of_these
from softcord.uncertainty.quality import quality_of

INDEX, PICTURES = "index.html", "pictures"
_VERSION = 1  # of the pictures; another one draws them anew


@dataclass(frozen=True)
class Drawn:
    """A mask whose pictures are in ``file`` beside index.html, and its score; or the ``problem`` with it."""

    name: str
    mask: str
    participant: str
    session: str
    contrast: str
    file: str
    score: float
    reasons: tuple[str, ...]
    problem: str = ""
    mask_sha256: str = ""


def draw_masks(
    masks: Sequence[ReviewMask], root: Path, folder: Path, on_done: Callable[[str], None] | None = None
) -> list[Drawn]:
    """Draw each mask into ``folder`` and score it; what was drawn of the same files is kept.

    A mask that cannot be drawn has the score 0 and says why: it is the first to be looked at.
    """
    drawn = []
    for one in masks:
        drawn.append(_draw(one, root, folder))
        if on_done:
            on_done(one.name)
    return sorted(drawn, key=lambda one: (one.score, one.name))


def write_review_page(
    folder: Path,
    drawn: Sequence[Drawn],
    ratings: Iterable[Rating],
    title: str,
    *,
    rater: str,
    is_served: bool,
    of_what: str = "",
) -> Path:
    """Write index.html, worst score first; return its path.

    Args:
        folder: the folder of :func:`draw_masks`.
        drawn: what to show.
        ratings: what was said before; of a mask that was made anew since, nothing was said.
        title: the dataset's name.
        rater: whose name stands in the page at first.
        is_served: whether ratings are sent to a server, or kept in the browser.
        of_what: the folder of the masks.
    """
    said = of_these(ratings, {one.mask: one.mask_sha256 for one in drawn if one.mask_sha256})
    review = Review(
        entries=tuple(asdict(one) for one in drawn),
        ratings=tuple(asdict(one) for one in said),
        rater=rater,
        is_served=is_served,
        store=hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:16],
    )
    of = f" of {of_what}" if of_what else ""
    byline = f"{counted(len(drawn), 'mask')}{of}, the oddest first."
    page = Page(f"{title}: review", title, {"Review": [review]}, byline)
    write_text(folder / INDEX, render(page))
    return folder / INDEX


def _draw(one: ReviewMask, root: Path, folder: Path) -> Drawn:
    state = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in (one.image, one.mask)]
    key = hashlib.sha256(repr((_VERSION, state, one.disagreement, is_unsure(one.mask))).encode()).hexdigest()[
        :16
    ]
    script, scored = (folder / PICTURES / f"{key}{ending}" for ending in (".js", ".json"))
    if not (script.exists() and scored.exists()):
        _write(one, key, script, scored)
    told = json.loads(scored.read_text(encoding="utf-8"))
    return Drawn(
        one.name,
        within(one.mask, root),
        one.participant_id,
        one.session_id,
        one.contrast,
        f"{PICTURES}/{script.name}" if not told["problem"] else "",
        told["score"],
        tuple(told["reasons"]),
        told["problem"],
        checksum(one.mask),
    )


def _write(one: ReviewMask, key: str, script: Path, scored: Path) -> None:
    try:
        image, mask = read_volume(one.image), read_mask(one.mask)
        pictures = review_pictures(image, mask)
        quality = quality_of(image, mask, one.disagreement, is_unsure=is_unsure(one.mask))
    except SoftcordError as error:
        told = {"score": 0.0, "reasons": [], "problem": str(error)}
        write_text(script, "")
    else:
        told = {"score": round(quality.score, 4), "reasons": list(quality.reasons), "problem": ""}
        write_text(
            script, f"softcordReview({json.dumps(key)}, {json.dumps(pictures, separators=(',', ':'))});\n"
        )
    write_text(scored, json.dumps(told))


def within(path: Path, root: Path) -> str:
    """Return a mask's path in its dataset, or the whole of one that lies elsewhere."""
    whole, base = path.absolute(), Path(root).absolute()
    return whole.relative_to(base).as_posix() if whole.is_relative_to(base) else whole.as_posix()
