"""Fixed order and colour of methods and contrasts, so that every figure and table agrees."""

from collections.abc import Iterable
from zlib import crc32

from softcord.contrasts import CONTRASTS, FIGURE_ORDER

# Order and names are the paper's (Figs. 5 and 7); grey is kept for the ground truth.
METHOD_COLOURS = {
    "GT_hard": "#9e9e9e",
    "GT_soft": "#cfcfcf",
    "sct_propseg": "#a6761d",
    "sct_deepseg_sc_3d": "#b07aa1",
    "sct_deepseg_sc_2d": "#e07b91",
    "hard_all_SoftSeg": "#e8853d",
    "hard_all_BigAug": "#c9a227",
    "hard_all_diceCE_loss": "#8c6bb1",
    "nnunet2d": "#7fb8d6",
    "nnunet3d": "#3f7fb5",
    "soft_all_diceCE_loss": "#5fb3a1",
    "soft_per_contrast": "#86b84a",
    "soft_all": "#2e8b57",
}
_SPARE = ("#6b7a8f", "#d1605e", "#59a14f", "#b6992d", "#499894", "#d37295", "#79706e", "#4e79a7")


def method_order(names: Iterable[object]) -> list[str]:
    """Order methods as the paper's figures do: ground truth first, `soft_all` last, others by alphabet."""
    known = list(METHOD_COLOURS)
    last = len(known) - 1

    def place(name: str) -> tuple[float, str]:
        return (known.index(name) if name in METHOD_COLOURS else last - 0.5, name)

    return sorted({str(name) for name in names}, key=place)


def method_colour(name: str) -> str:
    """Colour of a method: the same in every figure and every study, also for a name never seen before."""
    return METHOD_COLOURS.get(name, _SPARE[crc32(name.encode()) % len(_SPARE)])


def contrast_order(names: Iterable[object]) -> list[str]:
    """Order contrasts as the paper's figures do (DWI, MT-on, GRE-T1w, T1w, T2*w, T2w); unknown ones last."""
    present = {str(name) for name in names}
    return [key for key in FIGURE_ORDER if key in present] + sorted(present - set(FIGURE_ORDER))


def contrast_label(key: str) -> str:
    """Display label of a contrast key (``T2star`` is drawn as ``T2*w``)."""
    return CONTRASTS[key].label if key in CONTRASTS else key
