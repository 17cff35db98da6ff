"""What softcord's own training refuses before it starts: settings that do not fit each other."""

import json
from contextlib import nullcontext
from functools import cache
from typing import Any

from softcord.app.config.instantiate import build
from softcord.app.config.plan import Plan
from softcord.errors import UsageError
from softcord.nets.meta import without_numbers

_NEEDED = {"loss": "prediction_activation", "model": "required_multiple"}


def check_net(plan: Plan) -> None:
    """Check loss, augmentation, net, its first weights, and patches that fit it.

    Raises:
        DataError: the model to start from cannot be read.
        UsageError: a value that cannot work; it names the key.
    """
    plan.starting_model()
    for group in ("loss", "augment"):
        _build_empty(group, json.dumps(plan.config[group], sort_keys=True))
    if plan.draws_patches:
        _check_drawn_patches(plan)
    net = _build_empty("model", json.dumps(plan.config["model"], sort_keys=True))
    _check_patch("train.patch_size_mm", plan.patch_voxels, net.required_multiple)
    if plan.narrow_voxels:
        _check_patch("train.narrow_patch_mm", plan.narrow_voxels, net.required_multiple)


@cache
def _build_empty(group: str, node: str) -> Any:
    # On the meta device a net of any size is built in no time and no memory. Transforms are
    # tried on a mask, with numbers.
    with nullcontext() if group == "augment" else without_numbers():
        built = build(json.loads(node), group)
    needed = _NEEDED.get(group)
    if needed and not hasattr(built, needed):
        what = f"{type(built).__name__} has no {needed}"
        raise UsageError(group, what, "docs/extend.md says what one's own class needs")
    return built


def _check_drawn_patches(plan: Plan) -> None:
    plan.synthetic()
    if plan.volumes.spacing_mm != 1:
        raise UsageError("volumes.spacing_mm", "must be 1.0 with data=synthetic: patches are drawn in 1 mm")
    if plan.config["augment"].get("mixture"):
        raise UsageError("augment.mixture", "needs label maps, and data=synthetic draws images")
    if plan.model_per_contrast:
        raise UsageError("model_per_contrast", "has no meaning with data=synthetic: a patch has no contrast")


def _check_patch(key: str, voxels: tuple[int, int, int], multiple: tuple[int, int, int]) -> None:
    if any(side % step for side, step in zip(voxels, multiple, strict=True)):
        hint = f"Its sides in voxels must be multiples of {multiple} for this model"
        raise UsageError(key, f"gives patches of {voxels} voxels", hint)
