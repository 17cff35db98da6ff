"""Which settings a run shows as parameters in the store: what can differ between runs, named as typed."""

from collections.abc import Iterator, Mapping

from softcord.app.config.compose import flat
from softcord.app.config.plan import Plan

# A table of more columns is not read; config.yaml, an artifact of the run, holds everything.
PARAMS_UP_TO = 40
# Groups that are no part of what a run learns or is measured on.
_OTHER_GROUPS = ("phantom", "paths", "machine", "compare", "check", "search", "hydra", "study", "rerun")
# What studies differ in most often, after what was typed; keys that a configuration lacks are left out.
_USUAL = (
    "gt", "loss", "contrasts", "model_per_contrast", "baseline", "model", "augment", "engine", "recipe",
    "data", "split", "seed", "variant", "reference", "levels", "split.seed", "split.train", "split.val",
    "split.test", "train.epochs", "train.learning_rate", "train.batch_size", "train.patch_size_mm",
    "train.start_from",
)  # fmt: skip


def logged_params(plan: Plan) -> dict[str, object]:
    """Return at most forty parameters: what was typed first, then the usual keys, then the loss's own."""
    known = {**dict(flat(plan.config)), **plan.choices}
    own_of_loss = (key for key in known if key.startswith("loss.") and not key.endswith("_target_"))
    names = dict.fromkeys((*_typed(plan.overrides), *_USUAL, *own_of_loss))
    return dict([(name, known[name]) for name in names if _is_shown(name, known)][:PARAMS_UP_TO])


def _typed(overrides: tuple[str, ...]) -> Iterator[str]:
    return (override.partition("=")[0].lstrip("+~") for override in overrides)


def _is_shown(name: str, known: Mapping[str, object]) -> bool:
    return name in known and name.split(".")[0].split("/")[0] not in _OTHER_GROUPS
