"""``--help`` of the verbs that take ``key=value``: every choice, and everything that can be set."""

from collections.abc import Iterable

from omegaconf import OmegaConf

from softcord.app.config.compose import initialised
from softcord.app.config.verb_help import VERB_HELP
from softcord.app.own.folders import groups, options

_SWEEP = """\
  -m               run every combination of comma-separated values: gt=soft,hard loss=awing,dicece
"""
_FLAGS = """\
  --cfg job        print the configuration and stop; --info says where each value comes from
  --config-dir DIR read a folder like conf/ of your own first; -allow PKG its classes from that package
"""
_ALL = "softcord {verb} --help --all lists every choice and every key."
# Verbs that run on one configuration: nothing to sweep.
_ONCE = ("check", "compare", "fetch")


def usage_of(verb: str) -> str:
    """Return what ``--help`` of a verb begins with: what it does, three examples, the usual keys."""
    told = VERB_HELP[verb]
    usage = f"usage: softcord {verb} {told.words}      the same as python -m softcord.{verb}"
    examples = "\n".join(f"  {example}" for example in told.examples)
    keys = "\n".join(f"  {key}" for key in told.keys)
    note = f"\n{told.note}\n" if told.note else ""
    return (
        f"softcord {verb}: {told.what}.\n\n{usage}\n\nexamples:\n{examples}\n\n"
        f"usual keys:\n{keys}\n{note}\nflags:\n{'' if verb in _ONCE else _SWEEP}{_FLAGS}"
    )


USAGE = usage_of("train")


def help_text(arguments: Iterable[str], usage: str = USAGE) -> str:
    """Return ``usage`` and, with ``--all``, the options of each group and the configuration that is given.

    Hydra's own help takes seconds to list as many groups as there are here.
    """
    arguments = list(arguments)
    verb = usage.removeprefix("softcord ").partition(":")[0]
    if "--all" not in arguments:
        return f"{usage}\n{_ALL.format(verb=verb)}"
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
