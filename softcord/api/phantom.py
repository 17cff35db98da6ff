"""One participant of the phantom dataset, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from softcord.contrasts import contrast_set
from softcord.errors import UsageError
from softcord.io.nifti import Volume, from_rpi
from softcord.phantom.participant import Imaged, csa_rows, draw_participant, image_participant
from softcord.phantom.settings import PhantomSettings


@dataclass(frozen=True)
class PhantomParticipant:
    """A participant with known truth; volumes by contrast, each in its own native space.

    ``images`` are what the scanner stores, ``hard_segs`` what a biased segmenter draws (0/1),
    ``truth_softsegs`` the share of cord in each voxel (0..1), ``discs`` disc labels. ``csa_mm2`` is the true
    area by level (``"2"``, ``"3"``, and ``"2:3"`` for both together).

    >>> import softcord
    >>> participant = softcord.phantom_participant(contrasts=["T2star"])
    >>> truth_softseg, discs = participant.truth_softsegs["T2star"], participant.discs["T2star"]
    >>> table = softcord.csa(truth_softseg, discs=discs, levels=(2, 3), modes=["soft"])
    >>> abs(table["area_mm2"].item() - participant.csa_mm2["2:3"]) < 1
    True
    """

    participant_id: str
    images: dict[str, Volume]
    hard_segs: dict[str, Volume]
    truth_softsegs: dict[str, Volume]
    discs: dict[str, Volume]
    csa_mm2: dict[str, float]


def phantom_participant(
    number: int = 1,
    *,
    contrasts: int | str | Sequence[str] | None = None,
    settings: PhantomSettings | None = None,
) -> PhantomParticipant:
    """Draw one participant of the phantom dataset: images, masks, discs and the truth, in memory.

    The same as that dataset's on disk, whoever else is drawn.

    Args:
        number: which participant, from 1.
        contrasts: 2, 4 or 6, a name, or several; all that the settings scan (the paper's six) if None.
        settings: the dataset's; those of `softcord phantom` if None.

    Raises:
        UsageError: an unknown contrast, one that the settings do not scan, or a number below 1.

    >>> import softcord
    >>> participant = softcord.phantom_participant(3, contrasts=["T2w", "dwi"])
    >>> participant.participant_id, sorted(participant.images)
    ('sub-003', ['T2w', 'dwi'])
    >>> [round(side, 2) for side in participant.images["dwi"].spacing_mm]
    [0.9, 0.9, 5.0]
    """
    if number < 1:
        raise UsageError("number", f"must be 1 or more, got {number}")
    settings = settings or PhantomSettings()
    scanned = tuple(settings.scans)
    names = scanned if contrasts is None else contrast_set(contrasts)
    if missing := [name for name in names if name not in scanned]:
        raise UsageError(
            "contrasts", f"{', '.join(missing)} is not scanned", f"Scanned: {', '.join(scanned)}"
        )
    who = draw_participant(settings, number)
    imaged = {name: image_participant(settings, who, name) for name in names}
    return PhantomParticipant(
        who.participant_id,
        images=_volumes(imaged, "image"),
        hard_segs=_volumes(imaged, "seg"),
        truth_softsegs=_volumes(imaged, "truth_softseg"),
        discs=_volumes(imaged, "discs"),
        csa_mm2={level: area_mm2 for _, level, area_mm2 in csa_rows(who)},
    )


def _volumes(imaged: dict[str, Imaged], kind: str) -> dict[str, Volume]:
    """Return one kind of array by contrast, in native axes as a file has them."""
    return {
        name: Volume(
            from_rpi(getattr(one, kind).astype(np.float32), one.scan.affine_native), one.scan.affine_native
        )
        for name, one in imaged.items()
    }
