"""What a trained model is: its weights and all that is needed to apply them, in a folder or one ``.zip``.

A package holds ``model.json`` (its description), ``weights.safetensors``, ``card.md`` (that for people),
``sha256.txt`` (their checksums, as ``sha256sum -c`` reads them) and, if it was given away, a small image with
the mask that the model makes of it (:mod:`softcord.predict.self_test`). Nothing in it is executed when it is
read: weights are plain numbers, and the net is built from a name that must lie in an allowed Python package.
"""

import importlib
import json
import math
import re
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from softcord.data.resample import Interpolation
from softcord.errors import DataError
from softcord.io.files import replacing_folder
from softcord.nets.activation import Activation
from softcord.nets.meta import without_numbers
from softcord.nets.monai_net import called_as_ours
from softcord.predict.card import card_text
from softcord.predict.example import Example, example_bytes, read_example
from softcord.predict.package_files import (
    CARD,
    CHECKSUMS,
    DESCRIPTION,
    SELF_TEST,
    WEIGHTS,
    sha256,
    verified_files,
)

_MOST = 4096  # no net of cords has more channels or stages
_FINEST_MM, _COARSEST_MM, _LARGEST_WINDOW = 0.1, 10.0, 2048
_MOST_VOXELS = 2**24  # of a window: four times the paper's; every channel of a net holds as many
# Softcord's, and those of MONAI's that it ships a configuration for.
_SHIPPED_OF_MONAI = ("segresnet", "dynunet", "swin_unetr")
_CANNOT_BUILD = (
    *(ImportError, AttributeError, TypeError, ValueError, RuntimeError, MemoryError),
    *(AssertionError, LookupError, ArithmeticError),  # what MONAI's raise of arguments that do not fit
)
OWN_NETS = ("softcord.nets", *(f"monai.networks.nets.{name}" for name in _SHIPPED_OF_MONAI))


@dataclass(frozen=True)
class NetDescription:
    """The class of a net and the arguments it is built with, as JSON holds them."""

    target: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class TrainedOn:
    """What of one dataset a model has seen: whom it must not be tested on.

    ``identity`` is :func:`softcord.data.identity.dataset_identity`'s. Validation participants count as seen:
    they chose the checkpoint. ``image_sha256`` are the beginnings of the checksums of all their images, by
    which a model recognises them under any name (:mod:`softcord.data.leakage`).
    """

    dataset: str
    identity: str
    contrasts: tuple[str, ...]
    train_participants: tuple[str, ...]
    val_participants: tuple[str, ...] = ()
    image_sha256: tuple[str, ...] = ()

    @property
    def participants(self) -> frozenset[str]:
        """All participants that had a say in the weights."""
        return frozenset(self.train_participants) | frozenset(self.val_participants)


@dataclass(frozen=True)
class Measured:
    """What a model measured: a metric's mean over participants, with the 95 % interval of that mean.

    ``contrast`` is ``all`` for the mean over contrasts; the interval of one participant is None.
    """

    dataset: str
    contrast: str
    level: str
    metric: str
    unit: str
    participants: int
    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ModelDescription:
    """How a net is applied and where it comes from; every value is JSON.

    ``name`` is the method's. Images are resampled to ``spacing_mm`` with ``interpolation`` and seen through
    windows of ``window_voxels`` (R-L, A-P, S-I), or along the cord through those of ``narrow_window_voxels``
    if the net has learnt to see through them too. Each is shifted and scaled to mean 0 and standard deviation
    1. ``activation`` makes the raw output a soft mask, of which what lies farther than ``rim_mm`` from the
    cord is cleared (None: nothing is). ``gt`` and ``loss`` say what the net learnt from and how, ``measured``
    how well it did, ``drift`` whether it measures what the model before it did, ``not_for`` what it must not
    be used for besides what follows from its training; ``remarks``, Markdown, what somebody found out.
    """

    name: str
    net: NetDescription
    window_voxels: tuple[int, int, int]
    activation: Activation
    spacing_mm: float = 1.0
    interpolation: Interpolation = "linear"
    narrow_window_voxels: tuple[int, int, int] | None = None
    rim_mm: float | None = 3.0
    gt: str = "n/a"
    loss: str = "n/a"
    trained_on: tuple[TrainedOn, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    measured: tuple[Measured, ...] = ()
    drift: str = ""
    not_for: tuple[str, ...] = ()
    licence: str = ""
    remarks: str = ""
    format: Literal[1] = 1  # raised when an older softcord can no longer read it

    def __post_init__(self) -> None:
        """Refuse what cannot be applied, and a name that is none: folders are called after it."""
        if not self.name or "/" in self.name or self.name.startswith("."):
            raise ValueError(f"name: must be a word that can name a folder, got {self.name!r}")
        windows = (self.window_voxels, self.narrow_window_voxels or self.window_voxels)
        if min(min(window) for window in windows) < 1:
            raise ValueError(f"window_voxels: must be at least 1 along each axis, got {windows}")
        if max(max(window) for window in windows) > _LARGEST_WINDOW:
            raise ValueError(
                f"window_voxels: must be at most {_LARGEST_WINDOW} along each axis, got {windows}"
            )
        if max(map(math.prod, windows)) > _MOST_VOXELS:
            raise ValueError(f"window_voxels: must be at most {_MOST_VOXELS} in all, got {windows}")
        if not _FINEST_MM <= self.spacing_mm <= _COARSEST_MM:
            bounds = f"between {_FINEST_MM:g} and {_COARSEST_MM:g}"
            raise ValueError(f"spacing_mm: must be {bounds}, got {self.spacing_mm}")
        if self.rim_mm is not None and not 0 <= self.rim_mm < math.inf:
            raise ValueError(f"rim_mm: must be >= 0, got {self.rim_mm}")


@dataclass(frozen=True)
class Model:
    """A net with its weights, how it is applied, and an image with the mask that it makes of it."""

    net: nn.Module
    description: ModelDescription
    self_test: Example | None = None


def write_package(folder: Path, model: Model, *, half: bool = False) -> Path:
    """Write ``model`` as the package ``folder`` and return it; one that is there is replaced as a whole.

    ``half`` rounds the weights to float16, for half the size.
    """
    described = asdict(model.description)
    files = {
        DESCRIPTION: (json.dumps(described, indent=2) + "\n").encode(),
        WEIGHTS: _weights(model, torch.float16 if half else torch.float32),
        CARD: card_text(described, sum(value.numel() for value in model.net.state_dict().values())).encode(),
    }
    if model.self_test is not None:
        files[SELF_TEST] = example_bytes(model.self_test)
    files[CHECKSUMS] = "".join(f"{sha256(files[name])}  {name}\n" for name in files).encode()
    with replacing_folder(folder) as temporary:
        for name, content in files.items():
            (temporary / name).write_bytes(content)
    return folder


def _weights(model: Model, dtype: torch.dtype = torch.float32) -> bytes:
    first = _first_names(model.net)
    state = {name: value for name, value in model.net.state_dict().items() if first[name] == name}
    values = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    return save({k: v.to(dtype) if v.is_floating_point() else v for k, v in values.items()})


def _first_names(net: nn.Module) -> dict[str, str]:
    """Return for each weight the first name of it: some nets hold one layer under two (DynUNet)."""
    seen: dict[int, str] = {}
    return {name: seen.setdefault(id(value), name) for name, value in net.state_dict(keep_vars=True).items()}


def read_package(path: Path, allowed: tuple[str, ...] = OWN_NETS) -> Model:
    """Return the model of a package, a folder or a ``.zip``, with its net on the processor, ready to apply.

    ``allowed`` names the Python packages whose nets may be built.

    Raises:
        DataError: the package is missing, incomplete, damaged, made for a newer softcord, or its net is not
            of an allowed package.
    """
    files = verified_files(path)
    description = _description(path, files[DESCRIPTION])
    net = build_net(description.net, path, allowed)
    _check_windows(path, net, description)
    _check_net(path, net, description)
    try:
        first, found = _first_names(net), load(files[WEIGHTS])
        again = {name: found[one] for name, one in first.items() if name != one and one in found}
        net.load_state_dict(found | again, assign=True)
    except (SafetensorError, RuntimeError) as error:
        what = f"its weights do not fit its net ({str(error).splitlines()[0]})"
        raise DataError(path, what, "Export the model again") from error
    if not all(bool(value.isfinite().all()) for value in net.state_dict().values()):
        raise DataError(path, "some of its weights are no numbers", "Train or export the model again")
    example = read_example(path, files[SELF_TEST]) if SELF_TEST in files else None
    return Model(net.float().eval(), description, example)


def _check_windows(path: Path, net: nn.Module, description: ModelDescription) -> None:
    multiple = getattr(net, "required_multiple", (1, 1, 1))
    for window in (description.window_voxels, description.narrow_window_voxels or description.window_voxels):
        if any(side % step for side, step in zip(window, multiple, strict=True)):
            what = f"its windows of {window} voxels are no multiples of {multiple}, as its net needs"
            raise DataError(path, what, "Export the model again")


def _check_net(path: Path, net: nn.Module, description: ModelDescription) -> None:
    """Let softcord's own net see a window without numbers (on the meta device): it must give one mask.

    Nets of other packages may do what that device cannot.
    """
    if not description.net.target.startswith(OWN_NETS):
        return
    shape = (1, 1, *description.window_voxels)
    try:
        with torch.inference_mode():
            raw = net.eval()(torch.empty(shape, device="meta"))
        finest = raw if isinstance(raw, torch.Tensor) else raw[0]
        if tuple(finest.shape) != shape:
            raise ValueError(f"it makes {tuple(finest.shape)} of {shape}")
    except (TypeError, ValueError, RuntimeError, AttributeError, IndexError) as error:
        what = f"its net cannot be applied ({(str(error) or type(error).__name__).splitlines()[0]})"
        raise DataError(path, what[:300], "Export the model again") from error


def read_description(path: Path) -> ModelDescription:
    """Return a package's description, without building its net; the checksums are verified."""
    return _description(path, verified_files(path)[DESCRIPTION])


def weights_sha256(model: Model) -> str:
    """Return the checksum of a model's weights, which says what they are wherever they lie."""
    return sha256(_weights(model))


def is_package(path: Path) -> bool:
    """Whether a package seems to lie there: a folder with a description, or a zip file."""
    return (path / DESCRIPTION).is_file() or (path.is_file() and zipfile.is_zipfile(path))


def build_net(described: NetDescription, where: Path, allowed: tuple[str, ...] = OWN_NETS) -> nn.Module:
    """Return the net without memory for its weights (on torch's meta device), for weights to be assigned."""
    module, _, name = described.target.rpartition(".")
    is_name = re.fullmatch(r"[A-Za-z_][\w.]*", described.target) is not None
    if not is_name or not any(module == one or module.startswith(f"{one}.") for one in allowed):
        what = f"wants a net that is not softcord's ({described.target!r}), so nothing of it was loaded"
        raise DataError(where, what, "Allow its Python package by name only if you trust it")
    if _beyond(described.arguments):
        what = f"wants a net with numbers beyond {_MOST}: {dict(described.arguments)}"
        raise DataError(where, what[:300], "Use a package that softcord exported")
    try:
        target = getattr(importlib.import_module(module), name)
        if not (isinstance(target, type) and issubclass(target, nn.Module) and target.__module__ == module):
            raise TypeError(f"{described.target} is not a net")
        with without_numbers():
            return called_as_ours(target(**described.arguments))
    except _CANNOT_BUILD as error:
        what = f"its net cannot be built ({(str(error) or type(error).__name__).splitlines()[0]})"
        raise DataError(where, what, "Use the softcord version that its model.json names") from error


def _beyond(arguments: object) -> bool:
    """Whether a net so described could take hours to be built, or more memory than anybody has."""
    if isinstance(arguments, Mapping):
        return _beyond(list(arguments.values()))
    if isinstance(arguments, list | tuple):
        return len(arguments) > _MOST or any(map(_beyond, arguments))
    return isinstance(arguments, int | float) and not abs(arguments) <= _MOST


def _description(path: Path, content: bytes) -> ModelDescription:
    try:
        return TypeAdapter(ModelDescription).validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ": ".join([DESCRIPTION, *([".".join(map(str, first["loc"]))] if first["loc"] else [])])
        what = f"{where}: {first['msg'].removeprefix('Value error, ')}"
        raise DataError(path, what, "Use the softcord version that made it, or export it again") from error
