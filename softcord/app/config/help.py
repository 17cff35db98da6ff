"""``--help`` of the verbs that take ``key=value``: every choice, and everything that can be set."""

from collections.abc import Iterable

from omegaconf import OmegaConf

from softcord.app.config.compose import initialised
from softcord.app.own.folders import groups, options

USAGE = """\
softcord: studies of soft, contrast-agnostic spinal cord segmentation.

Usage: softcord VERB [-m] [key=value ...]      the same as python -m softcord.VERB
  -m            run every combination of comma-separated values: gt=soft,hard loss=awing,dicece
  -allow PKG    let the configuration name losses, nets, transforms and engines of your own Python package
  --cfg job     print the configuration and stop
  --info        where each value comes from
"""


def help_text(arguments: Iterable[str], usage: str = USAGE) -> str:
    """Return ``usage``, the options of each group and the configuration that the arguments give.

    Hydra's own help takes seconds to list as many groups as there are here.
    """
    overrides = [argument for argument in arguments if not argument.startswith("-")]
    with initialised(overrides) as hydra_compose:
        config = OmegaConf.to_yaml(hydra_compose("config", overrides=overrides))
    choices = "\n".join(f"  {group}: {', '.join(names)}" for group, names in _choices().items())
    return (
        f"{usage}\nChoices (group=option):\n\n{choices}\n\n"
        f"Everything that can be set (key=value):\n\n{config.rstrip()}"
    )


def _choices() -> dict[str, list[str]]:
    return {group: found for group in (*groups(), "experiment") if (found := options(group))}
