"""Name a method after its resolved choices, in the paper's words where they match."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from softcord.contrasts import PAPER_SIX
from softcord.io.names import file_name
from softcord.sweep.labels import short_value

# The paper's list, whole, light or as coded: the softness of hard masks comes from its geometric transforms.
_PAPER_AUGMENTS = ("paper", "light", "paper_code")
# Methods that are their augmentation; each comes with a Dice loss.
_AUGMENT_WORDS = {"bigaug": "BigAug", "synthseg": "SynthSeg"}
_LOSS_WORDS = {"awing": "", "dicece": "diceCE_loss", "dice": "dice_loss"}


@dataclass(frozen=True)
class MethodWords:
    """What a method can be named after.

    ``choices`` are the options of each configuration group, ``contrasts`` those that train, in one word
    (:func:`contrasts_word`), ``variant`` the user's own word for what the name does not say. ``changes``
    returns, for a group, the dotted keys whose values differ from those in the chosen option's file.
    """

    choices: Mapping[str, str]
    contrasts: str
    variant: str
    changes: Callable[[str], Mapping[str, Any]]


def method_name(
    choices: Mapping[str, str],
    contrasts: str,
    deviations: Mapping[str, Mapping[str, Any]],
    variant: str = "",
) -> str:
    """Return for example ``soft_all``, ``hard_all_SoftSeg`` or ``soft_T1w_T2w_diceCE_loss_ce_weight0.5``.

    Args:
        choices: the option of each configuration group (gt, loss, augment, recipe, ...).
        contrasts: the contrasts that train, in one word (:func:`contrasts_word`), or ``synthetic``.
        deviations: per group, the dotted keys whose values differ from those in the option's file. Those of
            the loss and of the augmentation become part of the name, so that a name never hides them.
        variant: the user's own word for what the name does not say.
    """
    gt, recipe, augment = choices["gt"], choices["recipe"], choices["augment"]
    words = [gt.replace("_", ""), contrasts, *_approach(gt, choices["loss"], augment)]
    if recipe != "default":
        words.append(recipe)
    # Drawn patches vary by themselves: augment=none is how they are meant to be used.
    unnamed = ("none",) if contrasts == "synthetic" else ("paper", "light", *_AUGMENT_WORDS)
    if augment not in (*unnamed, recipe):
        words.append(f"{augment}_augment")
    for differing in deviations.values():
        words += [_changed(key, value) for key, value in sorted(differing.items())]
    return "_".join(word for word in [*words, variant] if word)


def run_name(method: str, seed: int, digest: str, data: str = "") -> str:
    """Return a run's name, which is its folder's: ``soft_all_s1-1c4667``; ``data`` is what it was tested on.

    Whatever the method is called, it is one folder's name, and no other method's.
    """
    words = [f"{file_name(method)}_s{seed}", *([data] if data else []), digest[:6]]
    return "-".join(words)


def _approach(gt: str, loss: str, augment: str) -> tuple[str, ...]:
    if augment in _AUGMENT_WORDS:
        return _AUGMENT_WORDS[augment], "" if loss == "dice" else _LOSS_WORDS.get(loss) or f"{loss}_loss"
    if gt == "hard" and loss == "awing" and augment in _PAPER_AUGMENTS:
        return ("SoftSeg",)
    return (_LOSS_WORDS.get(loss, loss),)


def foreign_name(name: str, variant: str = "", *, gt: str = "", contrasts: str = "all") -> str:
    """Return for example ``sct_propseg`` or ``nnunet3d_hard_T1w_T2w``: a method not of softcord's training.

    nnU-Net learns from binarised masks whatever ``gt`` is; only hard masks of each contrast are worth a word.
    """
    words = [name, "hard" if gt == "hard" else "", "" if contrasts == "all" else contrasts, variant]
    return "_".join(word for word in words if word)


def contrasts_word(contrasts: Sequence[str], *, per_contrast: bool) -> str:
    """Return ``all`` for one model of the paper's six contrasts, ``per_contrast`` for a model of each.

    Other contrasts are named: ``T1w_T2w``, ``per_contrast_T1w_T2w``.
    """
    is_six = set(contrasts) == set(PAPER_SIX)
    if per_contrast:
        return "per_contrast" if is_six else "_".join(["per_contrast", *contrasts])
    return "all" if is_six else "_".join(contrasts)


def _changed(key: str, value: Any) -> str:
    return f"no_{key}" if value is None else f"{key}{short_value(value)}"
