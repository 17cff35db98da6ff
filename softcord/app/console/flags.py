"""The parser of the verbs that take the field's flags: what is wrong is said in one line."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from softcord.app.console.exit_codes import DONE, USAGE, guarded
from softcord.app.console.streams import say


class OneLineParser(argparse.ArgumentParser):
    """Say what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line."""
        say(f"{self.prog}: {message}. {self.prog} -h lists the arguments.")
        sys.exit(USAGE)


class FlagParser(OneLineParser):
    """Parse flags such as SCT's users know."""

    def __init__(self, verb: str, description: str, examples: str) -> None:
        super().__init__(
            prog=f"softcord {verb}",
            description=description,
            epilog=examples,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def run(self, argv: Sequence[str] | None, verb: Callable[[argparse.Namespace], int]) -> int:
        """Parse ``argv``, by default the command line's, run ``verb`` and return the exit code."""
        argv = sys.argv[1:] if argv is None else argv
        if not argv:
            self.print_usage(sys.stderr)
            return USAGE
        try:
            arguments = self.parse_args(argv)
        except SystemExit as stop:
            return int(stop.code or DONE)
        return guarded(lambda: verb(arguments))
