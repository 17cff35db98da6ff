"""From the word after ``-m`` to a model: a package, a run, a checkpoint or an entry of the MLflow store.

``RUN@last`` and ``RUN@best`` are a run's checkpoints, by any word that names the run; ``NAME@ALIAS`` is a
registered model of the store.
"""

import logging
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.app.models.nets import allowed_nets
from softcord.app.models.run_names import find_run, studies
from softcord.errors import DataError, RunError, UsageError
from softcord.hints import did_you_mean
from softcord.predict.built_in import BUILT_IN
from softcord.predict.package import Model, is_package, read_package
from softcord.sweep.folder import CHECKPOINTS, MODEL
from softcord.track.check_store import check_server, has_store
from softcord.track.model_words import REGISTERED, can_be_registered

if TYPE_CHECKING:
    from softcord.app.models.registered import Registry
    from softcord.track.registry import Version

logger = logging.getLogger("softcord")

_FORMS = (
    "Give a package, STUDY/METHOD, STUDY/METHOD@SEED, a run's @last or @best checkpoint, a registered model "
    "(NAME@ALIAS) or an MLflow run id"
)
_RUN_ID = re.compile(r"[0-9a-f]{32}")


def find_model(word: str | None, outputs: Path, store: Path, allowed: tuple[str, ...] | None = None) -> Model:
    """Return the model that ``word`` names; None is the built-in one.

    ``outputs`` is where runs lie, ``store`` the folder of the MLflow store, ``allowed`` Python packages
    whose nets may be built besides softcord's and those that the project's own conf/ names.

    Raises:
        UsageError: nothing of that name, or more than one model.
        DataError: the model is damaged or not whole.
        RunError: the tracking server does not answer.
    """
    nets = (*allowed_nets(), *(allowed or ()))
    if word is None:
        if not BUILT_IN.exists():
            raise UsageError("-m", "is missing, and this installation has no built-in model", _FORMS)
        return read_package(BUILT_IN, nets)
    if version := registered_version(word, outputs, store):
        return read_package(_registry(store).package_of(version), nets)
    if is_run_id(word):
        return read_package(_answering_registry(word, store).package_of_run(word), nets)
    path = model_path(word, outputs)
    if path.suffix == ".ckpt":
        return _with_weights_of(path, nets)
    return read_package(_package_in(path), nets)


def registered_version(word: str, outputs: Path, store: Path) -> "Version | None":
    """Return the registered model that ``NAME@ALIAS`` or ``models:/NAME/VERSION`` names, None otherwise.

    Raises:
        UsageError: it names a registered model and a run's checkpoint; or it can only be a registered
            model, and there is none.
        RunError: the tracking server does not answer, and no run's checkpoint here is called so.
    """
    if word.startswith(REGISTERED):
        there = _answering_registry(word, store)
        if (found := there.find(word)) is None:
            hint = did_you_mean(word, there.words(), otherwise="`softcord model list` shows what is there")
            raise UsageError("-m", f"{word} is no registered model of {store}/", hint)
        return found
    if not can_be_registered(word) or Path(word).exists() or not has_store(store):
        return None
    is_checkpoint = bool(checkpoint_of(word)[1]) and _is_checkpoint(word, outputs)
    there = _registry(store)
    try:
        check_server(there.uri)
    except RunError as error:
        if not is_checkpoint:
            raise
        logger.warning("%s is taken for the run's checkpoint here: %s", word, error)
        return None
    found = there.find(word)
    if found and is_checkpoint:
        hint = f"Write {REGISTERED}{word}, or STUDY/{word}"
        raise UsageError("-m", f"{word} is both a registered model and a run's checkpoint", hint)
    return found


def is_run_id(word: str) -> bool:
    """Whether a word can only be a run of the MLflow store."""
    return _RUN_ID.fullmatch(word) is not None


def _registry(store: Path) -> "Registry":
    from softcord.app.models.registered import Registry  # MLflow: longer than a prediction

    return Registry(store)


def _answering_registry(word: str, store: Path) -> "Registry":
    if not has_store(store):
        raise UsageError("-m", f"{word} is a name of the MLflow store, but {store}/ holds none", "Set -store")
    there = _registry(store)
    check_server(there.uri)
    return there


def _is_checkpoint(word: str, outputs: Path) -> bool:
    try:
        model_path(word, outputs)
    except UsageError:
        return False
    return True


def model_path(word: str, outputs: Path) -> Path:
    """Return the package, run or checkpoint that a word names, where it is no entry of the store.

    Raises:
        UsageError: nothing of that name, or several runs.
    """
    for place in (Path(word), BUILT_IN.parent / word, outputs / word):
        is_study = place == outputs / word and place.name in studies(outputs)
        if place.exists() and not is_study:
            return place
    name, checkpoint = checkpoint_of(word)
    if checkpoint:
        return _checkpoint(name, model_path(name, outputs), checkpoint)
    try:
        return find_run(word, outputs)
    except DataError as error:
        hint = error.hint if error.hint.startswith("Did you mean") else _FORMS
        raise UsageError("-m", f"{word} is no model, neither here nor in {outputs}/", hint) from error
    except UsageError as error:
        raise UsageError("-m", f"{error.where} {error.what}", error.hint) from error


def checkpoint_of(word: str) -> tuple[str, str]:
    """Split ``RUN@last`` into the run and the name of its checkpoint, "" where it names none."""
    name, _, checkpoint = word.rpartition("@")
    return (name, checkpoint) if checkpoint in ("last", "best") else (word, "")


def _checkpoint(name: str, run_dir: Path, checkpoint: str) -> Path:
    path = run_dir / CHECKPOINTS / f"{checkpoint}.ckpt"
    if not path.exists():
        there = " and ".join(f"{name}@{other.stem}" for other in sorted(path.parent.glob("*.ckpt")))
        what = f"{name} has no checkpoint {checkpoint}"
        raise UsageError("-m", what, f"There is {there}" if there else "Name the run without it")
    return path


def _package_in(path: Path) -> Path:
    """Return the package that a path means: itself, a run's, or that of a folder's only run."""
    if path.is_file() or is_package(path):
        return path
    if is_package(path / MODEL):
        return path / MODEL
    found = sorted(
        place
        for pattern in ("*/model", "models/*/model")
        for place in path.glob(pattern)
        if is_package(place)
    )
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(str(place.parent) for place in found[:6])
        raise UsageError("-m", f"{path} holds {len(found)} models", f"Name one: {names}")
    raise UsageError("-m", f"{path} holds no model", "A run writes one when its training ends")


def _with_weights_of(checkpoint: Path, nets: tuple[str, ...]) -> Model:
    """Return a run's model with the weights of one of its checkpoints."""
    from softcord.train.checkpoint import load_weights  # Lightning: seconds

    package = checkpoint.parent.parent / MODEL
    if not package.exists():
        what = "lies in no run whose model/ says how to apply it"
        raise DataError(checkpoint, what, "Keep it in its run's folder, and let the run end once")
    model = read_package(package, nets)
    try:
        model.net.load_state_dict(load_weights(checkpoint))
    except RuntimeError as error:
        raise DataError(checkpoint, "does not fit the net of its run", "Train again") from error
    made_by = {**model.description.provenance, "checkpoint": checkpoint.name}
    return replace(model, description=replace(model.description, provenance=made_by), self_test=None)
