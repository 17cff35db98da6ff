"""Say in a line which contrasts methods were tested on without having been trained on them."""

from collections.abc import Mapping, Sequence

from softcord.contrasts import contrast_label
from softcord.report.order import contrast_order


def unseen_words(unseen: Mapping[str, Sequence[str]]) -> str:
    """Return that line, nothing where no method has such contrasts; ``unseen`` gives them by method.

    >>> unseen_words({"a": ("dwi", "T2star"), "b": ("dwi", "T2star"), "c": ()})
    'Tested, not trained on: DWI, T2*w (a, b)'
    """
    methods: dict[tuple[str, ...], list[str]] = {}
    for method, contrasts in unseen.items():
        if contrasts:
            methods.setdefault(tuple(contrast_order(contrasts)), []).append(method)
    said = (f"{', '.join(map(contrast_label, keys))} ({', '.join(own)})" for keys, own in methods.items())
    return f"Tested, not trained on: {'; '.join(said)}" if methods else ""
