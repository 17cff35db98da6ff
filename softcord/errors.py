"""What can go wrong, said in one line: where, what, what to do."""

from softcord.plain import plain


class SoftcordError(Exception):
    """Base of every error that softcord raises on purpose.

    ``where`` names the file, participant or argument, ``what`` the problem and ``hint`` the way out (often
    one of :mod:`softcord.remedies`). The command line prints the three as one line and exits with
    ``exit_code``.

    >>> import softcord
    >>> try:
    ...     softcord.read_volume("nowhere.nii.gz")
    ... except softcord.SoftcordError as error:
    ...     print(error)
    nowhere.nii.gz: does not exist. Check the path.
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


class SettingError(UsageError):
    """A value of a setting that cannot be used.

    ``owner`` is the class or function that takes it, ``setting`` its name there. ``where`` is what a caller
    who has another name for it calls it.
    """

    def __init__(
        self, owner: str, setting: str, what: str, hint: str = "", *, where: str | None = None
    ) -> None:
        self.owner, self.setting = owner, setting
        super().__init__(where or setting, what, hint)

    def __reduce__(self) -> tuple[object, ...]:
        """Travel between processes by its own arguments."""
        return type(self)._again, (self.owner, self.setting, self.what, self.hint, self.where)

    @classmethod
    def _again(cls, owner: str, setting: str, what: str, hint: str, where: str) -> "SettingError":
        return cls(owner, setting, what, hint, where=where)


class DataError(SoftcordError):
    """The data cannot be used as they are."""

    exit_code = 3


class PrunedError(Exception):
    """A search stopped this run early: no failure, but no result either."""


class StudyError(SoftcordError):
    """A study came to its end, but some of its runs failed."""

    exit_code = 4
