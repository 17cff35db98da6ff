"""Read packages whose nets are softcord's, of the project's own conf/, or of a package that was allowed."""

from pathlib import Path

from softcord.app.own.code import own_nets
from softcord.app.own.packages import allowed_packages
from softcord.predict.package import OWN_NETS, Model, read_package


def allowed_nets() -> tuple[str, ...]:
    """Return the Python packages and modules whose nets may be built here."""
    return (*OWN_NETS, *own_nets(), *allowed_packages())


def read_own_package(path: Path) -> Model:
    """Return the model of a package.

    Raises:
        DataError: as of :func:`softcord.predict.package.read_package`.
    """
    return read_package(path, allowed_nets())
