"""The masks of a dataset that are to be looked at, each with its image and a score of its quality."""

from dataclasses import dataclass
from pathlib import Path

from softcord.data.index import index_dataset
from softcord.errors import DataError
from softcord.io.names import nifti_stem
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
    for row in index_dataset(root).to_dict("records"):
        image = Path(row["image"])
        beside = folder / image.parent.relative_to(Path(root).absolute())
        names = (beside / f"{nifti_stem(image)}_{end}{ext}" for end in ENDINGS for ext in (".nii.gz", ".nii"))
        mask = next((path for path in names if path.exists()), None)
        if mask is not None:
            found.append(
                ReviewMask(
                    nifti_stem(image), row["participant_id"], row["session_id"], row["contrast"], image, mask
                )
            )
    if not found:
        raise DataError(folder, f"holds no mask of an image of {root}", "Predict them first, or name another")
    return found


def masks_folder(root: Path) -> Path:
    """Return the folder of a dataset's masks that are looked at if none is named.

    Raises:
        DataError: there is none.
    """
    derivatives = Path(root) / "derivatives"
    ours = [path for path in derivatives.glob("softcord-*") if path.is_dir()]
    if ours:
        return max(ours, key=lambda path: path.stat().st_mtime_ns)
    for name in ("labels_softseg", "labels"):
        if (derivatives / name).is_dir():
            return derivatives / name
    raise DataError(root, "has no masks under derivatives", "Run softcord's prediction on it first")
