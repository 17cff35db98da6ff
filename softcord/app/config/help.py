"""``--help`` of the verbs that take ``key=value``: every choice, and everything that can be set."""

from collections.abc import Iterable

from omegaconf import OmegaConf

from softcord.app.config.compose import config_dir, experiments, initialised

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
    choices = "\n".join(f"  {group}: {', '.join(options)}" for group, options in _groups().items())
    return (
        f"{usage}\nChoices (group=option):\n\n{choices}\n\n"
        f"Everything that can be set (key=value):\n\n{config.rstrip()}"
    )


def _groups() -> dict[str, list[str]]:
    folders = [*config_dir().iterdir(), *(config_dir() / "hydra").iterdir()]
    groups = {
        folder.relative_to(config_dir()).as_posix(): sorted(path.stem for path in folder.glob("*.yaml"))
        for folder in sorted(folders)
        if folder.is_dir() and folder.name != "hydra"
    }
    return {**groups, "experiment": sorted(experiments())}
