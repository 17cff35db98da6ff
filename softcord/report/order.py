"""Fixed order and colour of methods and contrasts, so that every figure and table agrees."""

from collections.abc import Iterable
from zlib import crc32

from softcord.contrasts import FIGURE_ORDER

# Order and names are the paper's (Figs. 5 and 7); grey is kept for the ground truth. The colours are of
# Tol's and Okabe and Ito's sets, which the colour-blind tell apart; figures name the methods too.
METHOD_COLOURS = {
    "GT_hard": "#7a7a7a",
    "GT_soft": "#cfcfcf",
    "sct_propseg": "#661100",
    "sct_deepseg_sc_3d": "#882255",
    "sct_deepseg_sc_2d": "#ee99aa",
    "hard_all_SoftSeg": "#ddcc77",
    "hard_all_BigAug": "#e69f00",
    "hard_all_diceCE_loss": "#aa4499",
    "nnunet2d": "#88ccee",
    "nnunet3d": "#332288",
    "soft_all_diceCE_loss": "#44aa99",
    "soft_per_contrast": "#6699cc",
    "soft_all": "#117733",
}
_SPARE = ("#332288", "#ddcc77", "#cc6677", "#88ccee", "#aa4499", "#44aa99", "#661100", "#999933")
# In plots without a method's name at the point, the shape tells it too.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")


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
