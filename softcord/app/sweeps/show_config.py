"""Show a configuration instead of running it: ``--cfg job``, ``--info``, ``--help``."""

import logging
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import hydra

from softcord.app.config.compose import check, register_experiments
from softcord.app.config.help import USAGE, help_text
from softcord.app.console.exit_codes import DONE
from softcord.app.console.streams import show
from softcord.app.own.folders import config_dir
from softcord.errors import UsageError

if TYPE_CHECKING:
    from omegaconf import DictConfig

MULTIRUN = ("-m", "--multirun")
# Flags that Hydra answers by itself, without running anything.
_QUESTIONS = (
    "--help",
    "-h",
    "--hydra-help",
    "--version",
    "--cfg",
    "-c",
    "--info",
    "-i",
    "--shell-completion",
)
# Those of them that are followed by what is asked for.
_ASKING = ("--cfg", "-c", "--info", "-i", "--package", "-p")
_SHOWN = ("job", "hydra", "all")
_TOLD = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")


def is_question(arguments: Sequence[str]) -> bool:
    """Whether a command line asks to be shown something, so that nothing runs."""
    return any(argument.split("=")[0] in _QUESTIONS for argument in arguments)


def answer(arguments: list[str], usage: str = USAGE) -> int:
    """Show what a command line asks for; return the exit code."""
    if set(MULTIRUN) & set(arguments):
        raise UsageError("-m", "sweeps, while --cfg and its like show one configuration", "Leave out -m")
    arguments = _questions(arguments)
    check(_overrides(arguments))
    if {"--help", "-h"} & set(arguments):
        show(help_text(arguments, usage))
        return DONE
    return run_hydra(lambda _config: None, arguments)


def _questions(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with what --cfg and --info ask for, as Hydra wants it."""
    complete: list[str] = []
    for flag, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, equals, given = flag.partition("=")
        what = given if equals else following
        if name in ("--cfg", "-c") and what not in _SHOWN:
            raise UsageError(name, f"shows one of {', '.join(_SHOWN)}", "Write --cfg job")
        complete.append(flag)
        if flag in ("--info", "-i") and what not in _TOLD:
            complete.append("all")
    return complete


def _overrides(arguments: Sequence[str]) -> list[str]:
    """Return the arguments that are neither flags nor what a flag asks for (``--cfg job``)."""
    before = ["", *arguments]
    return [
        argument
        for flag, argument in zip(before, arguments, strict=False)
        if not argument.startswith("-") and (flag not in _ASKING or "=" in argument)
    ]


def run_hydra(task: Callable[["DictConfig"], Any], arguments: list[str]) -> int:
    """Hand a command line to Hydra; return the exit code."""
    register_experiments(arguments)
    # Hydra reads the command line itself, and lets the root logger speak to the standard error of now.
    before, sys.argv = sys.argv, ["softcord", *arguments]
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        hydra.main(version_base="1.3", config_path=str(config_dir()), config_name="config")(task)()
    except SystemExit as end:
        return int(end.code or DONE)
    finally:
        sys.argv = before
        root.handlers[:] = handlers
        root.setLevel(level)
    return DONE
