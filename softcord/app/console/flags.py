"""The parser of the verbs that take the field's flags: what is wrong is said in one line."""

import argparse
import sys
from collections.abc import Callable, Collection, Sequence
from typing import Any, NoReturn

from softcord.app.console.exit_codes import DONE, USAGE, guarded
from softcord.app.console.streams import say

_HELP = {"-h", "--help"}


class LineParser(argparse.ArgumentParser):
    """A parser of flags that says what is wrong in one line, and takes no flag for another that begins so."""

    def __init__(self, **words: Any) -> None:
        super().__init__(allow_abbrev=False, **words)

    def error(self, message: str) -> NoReturn:
        """Say it and end with the exit code of wrong usage."""
        say(f"{self.prog}: {message}. {self.prog} -h lists the arguments.")
        sys.exit(USAGE)


class FlagParser(LineParser):
    """Parse flags such as SCT's users know.

    ``examples`` are lines that begin with the command, then after an empty line what else is to be said.
    ``usual`` are the flags that ``--help`` shows; ``--help --all`` shows all. Without ``usual`` both do.
    ``needs_words``: without a word the usage is shown.
    """

    def __init__(
        self,
        verb: str,
        description: str,
        examples: str,
        usual: Collection[str] = (),
        *,
        needs_words: bool = True,
    ) -> None:
        super().__init__(
            prog=f"softcord {verb}",
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.examples, _, self._note = examples.strip().partition("\n\n")
        self._usual, self._needs_words = usual, needs_words
        self.shows_all = False

    def format_help(self) -> str:
        """Return what ``--help`` shows, in the order of every verb: what, usage, three examples, flags."""
        examples = "\n".join(f"  {line}" for line in self.examples.splitlines())
        hidden = () if self.shows_all or not self._usual else self._unusual()
        told = [action.help for action in hidden]
        for action in hidden:
            action.help = argparse.SUPPRESS
        flags = self._formatted_flags()
        usage = self.format_usage().strip()
        for action, what in zip(hidden, told, strict=True):
            action.help = what
        parts = [
            f"{self.prog}: {_lowered(self.description)}",
            usage,
            f"examples:\n{examples}",
            flags,
            self._note,
        ]
        more = f"{self.prog} --help --all lists every flag." if hidden else ""
        return "\n\n".join(filter(None, [*parts, more])) + "\n"

    def _unusual(self) -> list[argparse.Action]:
        return [
            action
            for action in self._actions
            if action.option_strings and not {*self._usual, *_HELP} & {*action.option_strings}
        ]

    def _formatted_flags(self) -> str:
        whole = argparse.ArgumentParser.format_help(self)
        return whole.partition(f"{self.description}\n")[2].strip()

    def run(self, argv: Sequence[str] | None, verb: Callable[[argparse.Namespace], int]) -> int:
        """Parse ``argv``, by default the command line's, run ``verb`` and return the exit code."""
        argv = list(sys.argv[1:] if argv is None else argv)
        if not argv and self._needs_words:
            self.print_usage(sys.stderr)
            return USAGE
        if _HELP & set(argv):
            self.shows_all = "--all" in argv
            argv = [word for word in argv if word != "--all"]
        try:
            arguments = self.parse(argv)
        except SystemExit as stop:
            return int(stop.code or DONE)
        return guarded(lambda: self._begin(arguments, verb))

    @staticmethod
    def _begin(arguments: argparse.Namespace, verb: Callable[[argparse.Namespace], int]) -> int:
        from softcord.app.console.terminal import start_logging  # rich: --help does without

        start_logging(only_warnings=getattr(arguments, "v", 1) == 0)
        return verb(arguments)

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """Parse a command line."""
        return self.parse_args(argv)


def _lowered(sentence: str | None) -> str:
    return f"{sentence[0].lower()}{sentence[1:]}" if sentence else ""
