"""The flags that say whose configuration is read and whose classes may be built."""

from collections.abc import Sequence

from softcord.app.config.compose import normalise
from softcord.app.own.folders import use_conf
from softcord.app.own.packages import allow


def settled(arguments: Sequence[str]) -> list[str]:
    """Do what ``-allow PACKAGE`` and ``--config-dir DIR`` say; return the other arguments, normalised."""
    kept, rest = [], iter(arguments)
    for argument in rest:
        flag, equals, value = argument.partition("=")
        if flag in ("-allow", "--allow"):
            allow([value if equals else next(rest, "")])
        elif flag in ("-config-dir", "--config-dir"):
            use_conf(value if equals else next(rest, ""))
        else:
            kept.append(argument)
    return normalise(kept)
