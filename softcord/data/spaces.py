"""What is odd about the headers of a dataset's images and masks, in one line for each kind."""

import logging
from collections.abc import Iterable
from pathlib import Path

from softcord.errors import DataError
from softcord.hints import and_more
from softcord.io.header import open_nifti
from softcord.io.space import Space, misfit
from softcord.remedies import Remedy

logger = logging.getLogger("softcord")

OTHER_FORM = "a mask off its image by the form that is not used"


def warn_of_spaces(dataset: str, pairs: Iterable[tuple[str, str | None]]) -> None:
    """Log a warning for each kind of oddity in the headers of images and their masks (None: no mask).

    Files that cannot be opened are not named here, but where they are used.
    """
    seen: dict[str, Space | None] = {}
    kinds: dict[str, dict[str, str]] = {}
    for image, mask in pairs:
        spaces = [_space(path, seen) for path in (image, mask)]
        for path, space in zip((image, mask), spaces, strict=True):
            for odd in space.oddities if space else ():
                kinds.setdefault(odd.what, {})[str(path)] = odd.detail
        if spaces[0] and spaces[1] and (off := misfit(spaces[0], spaces[1])) and off.fits_as_used:
            kinds.setdefault(OTHER_FORM, {})[str(mask)] = off.what
    for what, found in kinds.items():
        path, detail = min(found.items())
        more = and_more(len(found) - 1)
        hint = Remedy.SEE_ALL_FINDINGS
        logger.warning("%s: %s: %s%s: %s. %s", dataset, what, path, more, detail, hint)


def _space(path: str | None, seen: dict[str, Space | None]) -> Space | None:
    if not isinstance(path, str):
        return None
    if path not in seen:
        try:
            seen[path] = open_nifti(Path(path)).space
        except DataError:
            seen[path] = None
    return seen[path]
