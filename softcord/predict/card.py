"""The model card: what a package's description says, for people."""

from collections.abc import Mapping
from typing import Any


def card_text(description: Mapping[str, Any], parameters: int) -> str:
    """Return the card in Markdown; ``description`` is a package's, as JSON holds it."""
    sizes = (description["window_voxels"], description["narrow_window_voxels"])
    windows = " and of ".join(" x ".join(map(str, size)) for size in sizes if size)
    lines = [
        f"# {description['name']}",
        "",
        "Soft segmentation of the spinal cord in MRI: a mask in [0, 1], the share of cord in each voxel.",
        "",
        f"- net: `{description['net']['target']}`, {parameters / 1e6:.2f} million parameters",
        f"- learnt from {description['gt']} masks, loss {description['loss']}",
        f"- sees windows of {windows} voxels of {description['spacing_mm']:g} mm (R-L, A-P, S-I)",
        "",
        "## Trained on",
        "",
        *(_dataset_line(dataset) for dataset in description["trained_on"]),
        *([] if description["trained_on"] else ["Not recorded."]),
        "",
        "Participants are listed in `model.json`: a test on one of them says nothing about new images.",
        "",
        "## Where it comes from",
        "",
        *(f"- {key}: {value}" for key, value in description["provenance"].items()),
        "",
        *([description["remarks"].strip(), ""] if description["remarks"] else []),
        "For research, not for diagnosis. Values between 0 and 1 are partial volume, not probability.",
    ]
    return "\n".join(lines) + "\n"


def _dataset_line(dataset: Mapping[str, Any]) -> str:
    if not dataset["contrasts"]:
        return (
            f"- patches drawn from formulas (`{dataset['dataset']}`, settings `{dataset['identity'][:12]}`)"
        )
    trained, validated = len(dataset["train_participants"]), len(dataset["val_participants"])
    contrasts = ", ".join(dataset["contrasts"])
    return (
        f"- {dataset['dataset']} (`{dataset['identity']}`): {contrasts}; "
        f"{trained} participants to train, {validated} to validate"
    )
