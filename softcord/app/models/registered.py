"""The registered models of an MLflow store; apart from :mod:`find`, since MLflow is slow to import."""

from pathlib import Path

from softcord.track.registry import Version, fetched, find_version, package_of, versions
from softcord.track.store import open_store


class Registry:
    """The models of a store, which is made if there is none; ``uri`` is where it is."""

    def __init__(self, folder: Path) -> None:
        self._store = open_store(folder)
        self.uri = self._store.uri

    def find(self, word: str) -> Version | None:
        """Return the version that ``NAME@ALIAS`` or ``models:/NAME/VERSION`` names, if there is one."""
        return find_version(self._store, word)

    def words(self) -> list[str]:
        """Return what names each version."""
        return [one.word for one in versions(self._store)]

    def package_of(self, version: Version) -> Path:
        """Return the folder of a version's package.

        Raises:
            UsageError: the store has lost it.
        """
        return package_of(self._store, version)

    def package_of_run(self, run_id: str) -> Path:
        """Return the folder of the package of a run.

        Raises:
            UsageError: there is no such run, or it has none.
        """
        return fetched(self._store, run_id, run_id)
