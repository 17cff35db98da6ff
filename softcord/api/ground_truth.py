"""The soft ground truth of one participant, from hard masks of several contrasts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from softcord.api.volume import Image, as_volume, is_array
from softcord.errors import UsageError
from softcord.gt.build import build_participant
from softcord.gt.settings import GtSettings
from softcord.io.nifti import Volume


def soft_ground_truth(
    hard_segs: Mapping[str, Image],
    *,
    contrasts: Sequence[str] | None = None,
    reference: str | None = None,
    settings: GtSettings | None = None,
) -> dict[str, Volume]:
    """Average the hard masks of one participant's contrasts, aligned slice by slice (paper, section 2.2).

    Args:
        hard_segs: 0/1 masks by contrast (``T1w``, ``T2w``, ``T2star``, ...), in any orientation: files,
            volumes or images of nibabel.
        contrasts: those that enter the average; all if None. The others receive it too.
        reference: contrast to which the others are aligned; that of ``settings`` (T2w) if None.
        settings: the rest of the recipe; the project's default if None.

    Returns:
        The soft mask, float32 in 0..1, by contrast, each in that contrast's own space.

    Raises:
        DataError: masks are unfit (all findings in one message), or do not overlap.
        UsageError: a mask is an array, which does not say where it lies; or ``reference`` is unknown.

    >>> import softcord
    >>> participant = softcord.phantom_participant(contrasts=["T1w", "T2w"])
    >>> softsegs = softcord.soft_ground_truth(participant.hard_segs)
    >>> truth = participant.truth_softsegs["T2w"]
    >>> soft = softcord.overlap(softsegs["T2w"], truth)["dice_soft"]
    >>> hard = softcord.overlap(participant.hard_segs["T2w"], truth)["dice_soft"]
    >>> soft > hard
    True
    """
    recipe = settings or GtSettings()
    if reference is not None:
        try:
            recipe = replace(recipe, reference=reference)
        except ValueError as error:
            name, _, what = str(error).partition(": ")
            raise UsageError(name, what) from error
    for contrast, mask in hard_segs.items():
        if is_array(mask):
            hint = "Give softcord.Volume(array, affine), or its file"
            raise UsageError(contrast, "is an array without its geometry", hint)
    volumes = {contrast: as_volume(mask, name=contrast) for contrast, mask in hard_segs.items()}
    return build_participant(volumes, tuple(contrasts or volumes), recipe).softsegs
