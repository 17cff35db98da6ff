"""Registered models of the MLflow store: versions of a name, and the aliases that point at one of them.

A version is frozen: registering copies the package into a run of its own in the experiment ``models``, so
that training again, or cleaning up a study, changes nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from softcord.errors import UsageError
from softcord.remedies import Remedy
from softcord.sweep.folder import MODEL
from softcord.track.check_store import check_server, has_store
from softcord.track.model_words import REGISTERED
from softcord.track.store import NOTE_TAG, Store, open_store, within

EXPERIMENT = "models"
_TAG = "softcord."


@dataclass(frozen=True)
class Version:
    """A version of a registered model.

    ``registered_at`` is Unix time, ``note`` what changed, ``facts`` what the one who registered it noted:
    ``method``, ``source``, ``weights_sha256``, ``package_sha256``.
    """

    name: str
    number: int
    aliases: tuple[str, ...]
    registered_at: float
    note: str
    run_id: str
    facts: Mapping[str, str]

    @property
    def word(self) -> str:
        """What names it for good; an alias may move."""
        return f"{REGISTERED}{self.name}/{self.number}"


def versions(store: Store, name: str | None = None) -> list[Version]:
    """Return the versions of a registered model, of all models without ``name``; the newest of each first."""
    client = store.client()
    wanted = "" if name is None else "name = '{}'".format(name.replace("'", ""))
    found = client.search_model_versions(wanted, max_results=10_000)
    # A search leaves aliases out; the model itself knows them.
    aliases = {one: dict(client.get_registered_model(one).aliases) for one in {each.name for each in found}}
    made = [_version(one, aliases[one.name]) for one in found]
    return sorted(made, key=lambda one: (one.name, -one.number))


def find_version(store: Store, word: str) -> Version | None:
    """Return what ``NAME@ALIAS`` or ``NAME/VERSION`` names, with ``models:/`` before it or not; else None."""
    plain = word.removeprefix(REGISTERED)
    name, alias = plain.rpartition("@")[::2]
    number = "" if name else plain.rpartition("/")[2]
    name = name or plain.rpartition("/")[0]
    named = (one for one in versions(store, name) if one.name == name) if name else ()
    return next((one for one in named if alias in one.aliases or str(one.number) == number), None)


def register(
    store: Store, name: str, package: Path, card: str, note: str, facts: Mapping[str, str]
) -> Version:
    """Copy a package into the store as the next version of ``name``.

    Raises:
        UsageError: MLflow does not take the name.
    """
    client = store.client()
    with FileLock(store.lock_path):
        try:
            if not client.search_registered_models(f"name = '{name}'"):
                client.create_registered_model(name)
        except MlflowException as error:
            raise UsageError(name, f"is no name of a model ({_said(error)})", "Choose another") from error
        run = client.create_run(
            _experiment(store, client), run_name=name, tags={NOTE_TAG: within(card, 8000)}
        )
        client.log_artifacts(run.info.run_id, str(package), MODEL)
        client.set_terminated(run.info.run_id, "FINISHED")
        tags = {f"{_TAG}{key}": value for key, value in facts.items()}
        source = f"{run.info.artifact_uri}/{MODEL}"
        made = client.create_model_version(name, source, run.info.run_id, tags=tags, description=note)
    return _version(made, {})


def changing(store: Store) -> FileLock:
    """Return the lock within which a name is looked up and then changed.

    Of two processes at once on one machine the second finds what the first has registered.
    """
    return FileLock(store.lock_path.with_name(".models.lock"))


def check_alias(alias: str) -> None:
    """Refuse what MLflow takes for the number of a version, before anything is registered.

    Raises:
        UsageError: it is ``latest`` or like ``v1``.
    """
    if re.fullmatch(r"latest|v\d+", alias, re.IGNORECASE):
        what = "is no alias (MLflow keeps latest, v1, v2, … for versions)"
        raise UsageError(alias, what, "Choose another word")


def set_alias(store: Store, version: Version, alias: str) -> None:
    """Point an alias at a version; it leaves the one that it pointed at.

    Raises:
        UsageError: MLflow does not take the alias.
    """
    try:
        store.client().set_registered_model_alias(version.name, alias, str(version.number))
    except MlflowException as error:
        raise UsageError(alias, f"is no alias ({_said(error)})", "Choose another word") from error


def set_note(store: Store, version: Version, note: str) -> None:
    """Say anew what changed with a version."""
    store.client().update_model_version(version.name, str(version.number), description=note)


def package_of(store: Store, version: Version) -> Path:
    """Return the folder of a version's package: the store's own, or a copy if the store is a server.

    Raises:
        UsageError: the store has lost it.
    """
    return fetched(store, version.run_id, version.word)


def registered_package(root: Path, word: str) -> Path | None:
    """Return the package that ``word`` names in the store at ``root``; None where there is none, or no store.

    Raises:
        RunError: the tracking server does not answer.
    """
    if not has_store(root):
        return None
    store = open_store(root)
    check_server(store.uri)
    version = find_version(store, word)
    return package_of(store, version) if version else None


def fetched(store: Store, run_id: str, word: str) -> Path:
    """Return the folder of the package that a run of the store holds; ``word`` is how it was asked for.

    Raises:
        UsageError: there is no such run, or it holds none.
    """
    copies = None
    if store.artifact_root is None:
        copies = store.lock_path.parent / ".fetched" / run_id
        copies.mkdir(parents=True, exist_ok=True)
    try:
        return Path(store.client().download_artifacts(run_id, MODEL, copies and str(copies)))
    except (MlflowException, OSError) as error:
        what = f"has no {MODEL} in the store {store.uri} ({str(error).splitlines()[0]})"
        raise UsageError(word, what, Remedy.SEE_STORE) from error


def _experiment(store: Store, client: MlflowClient) -> str:
    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is not None:
        return str(experiment.experiment_id)
    location = f"{store.artifact_root}/{EXPERIMENT}" if store.artifact_root else None
    return str(client.create_experiment(EXPERIMENT, artifact_location=location))


def _version(made: ModelVersion, aliases: Mapping[str, str]) -> Version:
    return Version(
        made.name,
        int(made.version),
        tuple(sorted(alias for alias, number in aliases.items() if str(number) == str(made.version))),
        made.creation_timestamp / 1000,
        made.description or "",
        str(made.run_id),
        {key.removeprefix(_TAG): value for key, value in made.tags.items() if key.startswith(_TAG)},
    )


def _said(error: MlflowException) -> str:
    return str(error).splitlines()[0].removeprefix("INVALID_PARAMETER_VALUE: ").rstrip(".")
