"""The images that a method is tested on, and the masks that it made of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from softcord.hints import and_more
from softcord.io.names import nifti_stem


@dataclass(frozen=True)
class EvaluationImage:
    """One image to predict and measure.

    ``reference`` is the ground truth in the image's own space, ``hard_seg`` its hard mask where there is
    one, ``discs`` single-voxel disc labels, ``truth_csa_mm2`` the true area of a phantom at the wanted
    levels.
    """

    participant_id: str
    session_id: str
    contrast: str
    image: Path
    reference: Path
    hard_seg: Path | None
    discs: Path | None
    truth_csa_mm2: float | None

    @property
    def name(self) -> str:
        """A name for files that no other test image has."""
        return unique_name(self.participant_id, self.image)


def unique_name(participant_id: str, image: Path) -> str:
    """Return an image's name without extension, after its dataset's where participants name that, too."""
    dataset = participant_id.rpartition("/")[0]
    stem = nifti_stem(image)
    return f"{dataset}_{stem}" if dataset else stem


@dataclass(frozen=True)
class Mask:
    """A file with the predicted mask of an image, in the image's own space, and how long that took.

    ``inference_s`` is what one image costs: seconds from starting the program to the saved mask, None where
    nobody knows.
    """

    path: Path
    inference_s: float | None = None


@dataclass
class Masks:
    """The masks of a set of images, by image file: those that are there, and why others are not."""

    found: dict[Path, Mask] = field(default_factory=dict)
    missing: dict[Path, str] = field(default_factory=dict)


def name_missing(missing: Mapping[Path, str], at_most: int = 5) -> list[str]:
    """Return a line per image without a usable mask, and one that counts the rest."""
    lines = [f"{image.name}: no prediction: {why}" for image, why in list(missing.items())[:at_most]]
    left = and_more(len(missing) - at_most)
    return [*lines, left.strip()] if left else lines
