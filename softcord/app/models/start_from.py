"""The trained model that a training goes on from: ``train.start_from``."""

from functools import cache
from pathlib import Path

from softcord.app.models.find import checkpoint_of, find_model, is_run_id, model_path, registered_version
from softcord.errors import UsageError
from softcord.predict.package import Model, NetDescription, weights_sha256
from softcord.sweep.ledger import read_run

_KEY = "train.start_from"


def starting_model(word: str, net: NetDescription, outputs: Path, store: Path) -> Model:
    """Return the model that ``word`` names, whose weights a net starts with.

    Args:
        word: what ``softcord predict -m`` takes.
        net: the net that is to start with them.
        outputs: where runs lie.
        store: the folder of the MLflow store.

    Raises:
        DataError: the model cannot be read.
        UsageError: nothing of that name, or its net is another one.
    """
    model = _find(word, outputs, store)
    there = model.description.net
    for key in sorted({*there.arguments, *net.arguments}):
        theirs, ours = there.arguments.get(key), net.arguments.get(key)
        if theirs != ours:
            what = f"is a net with {key}={theirs}, the configuration's has {ours}"
            raise UsageError(_KEY, what, "Choose model= as it was for that training")
    if there.target != net.target:
        raise UsageError(_KEY, f"is a {there.target}, the configuration's net a {net.target}")
    return model


def starting_weights_sha256(word: str, outputs: Path, store: Path) -> str:
    """Return the checksum of the weights that ``train.start_from`` names."""
    return weights_sha256(_find(word, outputs, store))


def start_label(word: str, outputs: Path, store: Path) -> str:
    """Return what the weights of all seeds are called: ``STUDY/METHOD`` of a run, else the word itself.

    Of a registered model it is the version, since an alias moves.
    """
    _find(word, outputs, store)
    if version := registered_version(word, outputs, store):
        return f"{version.name}-v{version.number}"
    if is_run_id(word):
        return word
    name, checkpoint = checkpoint_of(word)
    path = model_path(name, outputs)
    run = next((run for place in (path, *path.parents) if (run := read_run(place))), None)
    return f"{run.study}/{run.method}{f'@{checkpoint}' if checkpoint else ''}" if run else word


def history(start: Model | None, epochs: int) -> str:
    """Say how long a net was trained, and as what before: told of every model that goes on from another."""
    own = f"{epochs} epochs"
    if start is None:
        return own
    made_by = start.description.provenance
    before = made_by.get("history", "an unrecorded number of epochs")
    checkpoint = f" ({made_by['checkpoint']})" if "checkpoint" in made_by else ""
    return f"{before} as {made_by.get('run', start.description.name)}{checkpoint}, then {own}"


@cache
def _find(word: str, outputs: Path, store: Path) -> Model:
    try:
        return find_model(word, outputs, store)
    except UsageError as error:
        raise UsageError(_KEY, error.what, error.hint) from error
