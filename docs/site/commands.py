"""The command reference: what each verb's parser says of itself."""

import argparse
import contextlib
import io
from collections.abc import Iterator
from importlib import import_module

from softcord.app.main import VERBS, main


def command_reference() -> str:
    """Return the page: a heading and the help of each verb and of each of its sub-commands."""
    parts = [
        "# Commands",
        "",
        "What `softcord VERB --help` says of each. Keys of the verbs that take `key=value` are in "
        "[Configuration](configuration.md).",
    ]
    for verb, (_, what) in VERBS.items():
        parts += ["", f"## softcord {verb}", "", f"{what[0].upper()}{what[1:]}.", "", *_block(verb)]
        for below in subcommands(verb):
            parts += ["", f"### softcord {verb} {below}", "", *_block(verb, below)]
    return "\n".join(parts) + "\n"


def subcommands(verb: str) -> tuple[str, ...]:
    """Return the words that may follow a verb as commands of their own, such as `study status`."""
    parser = getattr(import_module(VERBS[verb][0]), "parser", None)
    actions = parser()._actions if parser else ()
    return tuple(
        name
        for action in actions
        if isinstance(action, argparse._SubParsersAction)
        for name in action.choices
    )


def _block(*words: str) -> Iterator[str]:
    yield "```text"
    yield help_of(*words)
    yield "```"


def help_of(*words: str) -> str:
    """Return what a command prints when it is asked for help."""
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.suppress(SystemExit):
        main([*words, "--help"])
    return printed.getvalue().rstrip()
