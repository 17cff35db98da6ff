"""The model card: what a package's description says, for people."""

from collections.abc import Mapping, Sequence
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
        f"- licence: {description['licence'] or 'not stated; ask whoever gave it to you'}",
        "",
        *_measured(description["measured"]),
        "## Against the model before it",
        "",
        description["drift"] or "Not compared by the drift gate.",
        "",
        "## What it must not be used for",
        "",
        *(f"- {one}" for one in (*_forbidden(description["trained_on"]), *description["not_for"])),
        "",
        *([description["remarks"].strip(), ""] if description["remarks"] else []),
        "For research, not for diagnosis. Values between 0 and 1 are partial volume, not probability.",
    ]
    return "\n".join(lines) + "\n"


def _measured(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return []
    places = sorted({f"{row['dataset']}, levels {row['level']}" for row in rows})
    lines = [
        "## Measured",
        "",
        f"Mean over test participants, with the 95 % interval of that mean, on {'; '.join(places)}:",
        "",
        "| metric | contrast | participants | mean | 95 % interval |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        interval = "n/a" if row["low"] is None else f"{row['low']:.3g} to {row['high']:.3g}"
        metric = f"{row['metric']} ({row['unit']})" if row["unit"] else row["metric"]
        lines.append(
            f"| {metric} | {row['contrast']} | {row['participants']} | {row['mean']:.3g} | {interval} |"
        )
    return [*lines, ""]


def _forbidden(trained_on: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what follows from a training: what the model has not seen, and what it has."""
    contrasts = list(dict.fromkeys(name for one in trained_on for name in one["contrasts"]))
    people = any(one["train_participants"] for one in trained_on)
    seen = f"contrasts other than {', '.join(contrasts)}, which it has not seen, without a test on them"
    return [
        "any decision about a patient",
        *([seen] if contrasts else []),
        *(["a test on the participants that trained it"] if people else []),
        # Who says nothing of its training may have seen anything.
        *(
            ["images of people, without a look at each mask: it has seen drawn ones only"]
            if trained_on and not people
            else []
        ),
    ]


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
