"""Write predictions as a BIDS derivatives dataset."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

import softcord
from softcord.data.bids import LABEL_KINDS
from softcord.errors import UsageError
from softcord.io.files import write_json
from softcord.io.names import nifti_stem, sidecar_of
from softcord.io.nifti import Volume, write_like
from softcord.io.sidecar import is_by_softcord, read_json, said_by_maker

CODE_URL = "https://github.com/softcord/softcord"


def softseg_path(root: Path, image: Path) -> Path:
    """Where the soft mask of ``image`` lies in the derivatives dataset ``root``."""
    stem = nifti_stem(image)
    participant = stem.split("_")[0]
    folders = image.parent.parts
    # The last folder of that name: the dataset itself may lie in another participant's.
    start = len(folders) - 1 - folders[::-1].index(participant) if participant in folders else None
    entities = (participant,) if start is None else folders[start:]
    return root.joinpath(*entities, f"{stem}_label-SC_softseg.nii.gz")


def predictions_of(predictions: Path, participant_id: str) -> Path:
    """Return the derivatives dataset in a run's ``predictions`` that holds a participant's.

    There is one, or one for each dataset where participants are called ``dataset/sub-01``.
    """
    return predictions / Path(participant_id).parent


def write_softseg(root: Path, image: Path, softseg: Volume, provenance: Mapping[str, object]) -> Path:
    """Write a soft mask, float32 in [0, 1], with its image's header, and its sidecar; return its path."""
    path = softseg_path(root, image)
    write_like(path, softseg.data.astype(np.float32, copy=False), image)
    _write_sidecar(path, image, provenance)
    return path


def _write_sidecar(path: Path, image: Path, provenance: Mapping[str, object]) -> None:
    sidecar = {"SpatialReference": "orig", "GeneratedBy": [generated_by(provenance)], "Sources": [image.name]}
    write_json(sidecar_of(path), sidecar)


def describe_derivatives(root: Path, name: str, provenance: Mapping[str, object]) -> None:
    """Write the dataset_description.json that makes ``root`` a BIDS derivatives dataset."""
    description = {
        "Name": name,
        "BIDSVersion": "1.10.0",
        "DatasetType": "derivative",
        "GeneratedBy": [generated_by(provenance)],
    }
    write_json(root / "dataset_description.json", description)


def derivatives_of(derivatives: Path, name: str, weights_sha256: str) -> Path:
    """Return the folder in ``derivatives`` of a model's masks: ``softcord-NAME``, unless that is another's.

    Models that learn from more and more corrections share a name. Each but the first has its checksum in its
    folder's name, so that what was said of one model's masks is not lost with them.
    """
    usual = derivatives / f"softcord-{name}"
    other = weights_of(usual)
    return usual if other in ("", weights_sha256) else derivatives / f"softcord-{name}-{weights_sha256[:8]}"


def weights_of(root: Path) -> str:
    """Return the checksum of the model that a derivatives dataset says it is of, "" where it does not."""
    return said_by_maker(read_json(root / "dataset_description.json"), "ModelWeightsSha256")


def check_belongs(root: Path, weights_sha256: str = "", *, overwrite: bool = False) -> None:
    """Refuse a folder that predictions would be mistaken in, before it says that they are all it holds.

    Args:
        root: the derivatives dataset to write.
        weights_sha256: of the model; "" where masks are not predicted.
        overwrite: whether another model's masks are to be replaced.

    Raises:
        UsageError: labels lie there, which trainings learn from; or it is another program's, or another
            model's.
    """
    other = "Name another folder"
    if root.parent.name == "derivatives" and root.name in {kind.folder for kind in LABEL_KINDS.values()}:
        raise UsageError(root, "is the place of labels, from which models learn", other)
    description = root / "dataset_description.json"
    if description.exists() and not is_by_softcord(read_json(description)):
        raise UsageError(root, "is a dataset that softcord has not made", other)
    before = weights_of(root)
    is_another = weights_sha256 and not overwrite and before not in ("", weights_sha256)
    if is_another and any(root.rglob("*seg.nii.gz")):
        model = f"{said_by_maker(read_json(description), 'Model')} {before[:8]}".strip()
        raise UsageError(root, f"holds masks of another model ({model})", other)


def generated_by(provenance: Mapping[str, object]) -> dict[str, object]:
    """Return the GeneratedBy entry of softcord with ``provenance`` added."""
    return {"Name": "softcord", "Version": softcord.__version__, "CodeURL": CODE_URL, **provenance}
