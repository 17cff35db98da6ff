"""Python packages that ``-allow PACKAGE`` lets a configuration name classes of."""

import os
from collections.abc import Iterable

# Names of Python packages, separated by commas; -allow PACKAGE sets it.
ALLOW = "SOFTCORD_ALLOW"


def allow(packages: Iterable[str]) -> None:
    """Allow Python packages, for this process and those that it starts."""
    os.environ[ALLOW] = ",".join(dict.fromkeys([*allowed_packages(), *packages]))


def allowed_packages() -> tuple[str, ...]:
    """Return the packages that were allowed."""
    return tuple(name.strip() for name in os.environ.get(ALLOW, "").split(",") if name.strip())
