"""The masks of a dataset that are to be looked at, each with its image and a score of its quality."""

from dataclasses import dataclass, replace
from pathlib import Path

from softcord.data.index import index_dataset
from softcord.errors import DataError
from softcord.io.names import NIFTI_EXTENSIONS, nifti_stem
from softcord.io.sidecar import read_sidecar
from softcord.uncertainty.paths import uncertainty_path

OUR_FOLDER = "softcord"  # under derivatives: ratings, pages and the ledger of rounds
ENDINGS = (
    "label-SC_softseg",
    "label-SC_seg",
    "desc-softseg_label-SC_seg",
    "softseg",
    "seg",
    "seg-manual",
    "pred",
)


@dataclass(frozen=True)
class ReviewMask:
    """One mask to look at; ``name`` is that of its image without extension, by which ratings are kept."""

    name: str
    participant_id: str
    session_id: str
    contrast: str
    image: Path
    mask: Path

    @property
    def disagreement(self) -> float | None:
        """How far readings of the image lie apart, where `softcord predict -uncertainty` has said so."""
        try:
            return float(read_sidecar(uncertainty_path(self.mask))["Disagreement"])
        except (ValueError, KeyError, TypeError):
            return None


def find_review_masks(root: Path, folder: Path | None = None) -> list[ReviewMask]:
    """List the masks of a dataset's images.

    Args:
        root: the BIDS folder, with images.
        folder: the derivatives folder with the masks; by default the newest predictions of softcord in
            ``root/derivatives``, else ``labels_softseg``, else ``labels``.

    Raises:
        DataError: no dataset, or no masks of its images.
    """
    folder = masks_folder(root) if folder is None else folder
    if not folder.is_dir():
        raise DataError(folder, "is not a folder", "Name the folder that holds the masks")
    found = []
    for one in find_images(root):
        beside = folder / one.image.parent.relative_to(Path(root).absolute())
        names = (beside / f"{one.name}_{end}{ext}" for end in ENDINGS for ext in NIFTI_EXTENSIONS)
        mask = next((path for path in names if path.exists()), None)
        if mask is not None:
            found.append(replace(one, mask=mask))
    if not found:
        raise DataError(folder, f"holds no mask of an image of {root}", "Predict them first, or name another")
    return found


def find_images(root: Path) -> list[ReviewMask]:
    """List a dataset's images, each as if it were its own mask: which masks there are is asked elsewhere."""
    rows = index_dataset(root).to_dict("records")
    return [
        ReviewMask(
            nifti_stem(row["image"]),
            row["participant_id"],
            row["session_id"],
            row["contrast"],
            image=Path(row["image"]),
            mask=Path(row["image"]),
        )
        for row in rows
    ]


def masks_folder(root: Path) -> Path:
    """Return the folder of a dataset's masks that are looked at if none is named.

    Raises:
        DataError: there is none.
    """
    derivatives = Path(root) / "derivatives"
    ours = [path for path in derivatives.glob("softcord-*") if path.is_dir()]
    # What `softcord bids` is usually told to write lies beside the ratings, in a folder with them.
    ours += [path for path in (derivatives / OUR_FOLDER,) if any(path.glob("sub-*/"))]
    if ours:
        return max(ours, key=_predicted_at)
    for name in ("labels_softseg", "labels"):
        if (derivatives / name).is_dir():
            return derivatives / name
    raise DataError(root, "has no masks under derivatives", "Run softcord's prediction on it first")


def _predicted_at(folder: Path) -> int:
    """When a folder was last predicted into: then its description is written; a rating changes it not."""
    described = folder / "dataset_description.json"
    return (described if described.exists() else folder).stat().st_mtime_ns
