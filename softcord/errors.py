"""What can go wrong, said in one line: where, what, what to do."""

from softcord.io.plain import plain


class SoftcordError(Exception):
    """Base of every error that softcord raises on purpose.

    ``where`` names the file, participant or configuration key, ``what`` the problem and ``hint`` the way
    out. The command line prints the three as one line and exits with ``exit_code``.
    """

    exit_code = 1

    def __init__(self, where: object, what: str, hint: str = "") -> None:
        self.where = plain(str(where))
        self.what = plain(" ".join(what.split())).rstrip(".")  # other libraries' messages have line breaks
        self.hint = plain(hint).rstrip(".")
        super().__init__(self.where, self.what, self.hint)

    def __str__(self) -> str:
        message = f"{self.where}: {self.what}."
        if not self.hint:
            return message
        return f"{message} {self.hint}" if self.hint.endswith("?") else f"{message} {self.hint}."


class RunError(SoftcordError):
    """Something failed while running."""

    exit_code = 1


class BusyError(RunError):
    """Another process is doing it right now."""


class UsageError(SoftcordError):
    """A wrong argument or configuration value."""

    exit_code = 2


class DataError(SoftcordError):
    """The data cannot be used as they are."""

    exit_code = 3


class PrunedError(Exception):
    """A search stopped this run early: no failure, but no result either."""


class StudyError(SoftcordError):
    """A study came to its end, but some of its runs failed."""

    exit_code = 4
