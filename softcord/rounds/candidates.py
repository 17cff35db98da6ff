"""What is known of each mask of a dataset before it is corrected: its score, its site, who made it."""

from pathlib import Path

import pandas as pd

from softcord.errors import SoftcordError
from softcord.io.masks import read_mask
from softcord.io.nifti import read_volume
from softcord.io.sidecar import read_sidecar, said_by_maker
from softcord.measure.unsure import is_unsure
from softcord.review.masks import ReviewMask
from softcord.rounds.choose import Candidate
from softcord.uncertainty.paths import uncertainty_path
from softcord.uncertainty.quality import quality_of

_SITE = ("institution_id", "institution", "site")


def candidate(one: ReviewMask, sites: dict[str, str]) -> Candidate:
    """Return a mask's score, which its prediction left or which is made now, and its site."""
    return Candidate(one.name, one.contrast, sites.get(one.participant_id, ""), _score(one))


def sites_of(root: Path) -> dict[str, str]:
    """Return each participant's site, by participants.tsv; nothing where that does not say."""
    path = Path(root) / "participants.tsv"
    try:
        table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    except (OSError, ValueError):
        return {}
    return sites_in(table)


def sites_in(participants: pd.DataFrame) -> dict[str, str]:
    """Return each participant's site, by the rows of a participants.tsv."""
    table = participants
    column = next((name for name in _SITE if name in table), None)
    if column is None or "participant_id" not in table:
        return {}
    return dict(zip(table["participant_id"], table[column], strict=True))


def model_of_mask(mask: Path) -> str:
    """Return the model that made a mask, by its sidecar, else the name of the folder that holds it."""
    content = read_sidecar(mask)
    model, weights_sha256 = (said_by_maker(content, key) for key in ("Model", "ModelWeightsSha256"))
    if not model:
        participant = mask.name.split("_")[0]
        folders = mask.parent.parts
        return folders[folders.index(participant) - 1] if participant in folders else mask.parent.name
    return f"{model} {weights_sha256[:8]}".strip()


def _score(one: ReviewMask) -> float:
    known = read_sidecar(uncertainty_path(one.mask)).get("QualityScore")
    if isinstance(known, int | float):
        return float(known)
    try:
        image, mask = read_volume(one.image), read_mask(one.mask)
        return quality_of(image, mask, is_unsure=is_unsure(one.mask)).score
    except SoftcordError:
        return 0.0
