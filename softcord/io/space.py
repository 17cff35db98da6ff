"""Which space an image is in: the one place that reads qform and sform, and says where they are odd.

The sform counts if its code is positive and it is valid, else the qform, as in nibabel and SCT; with neither,
the voxel sizes alone (an orientation is then not known). Where both are set they should say the same.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import nibabel as nib
import nibabel.quaternions
import numpy as np
import numpy.typing as npt

from softcord.errors import DataError

Affine = npt.NDArray[np.float64]
Shape = tuple[int, int, int]
# "affine" is that of an array without a file.
Form = Literal["sform", "qform", "voxel sizes", "affine"]

# Two forms that differ by more than this are two spaces: 0.1 % of an area is less than any method's error,
# and headers that other tools rounded differ by micrometres.
MAX_SIZE_SHARE = 1e-3
MAX_ROTATION_DEG = 0.1
MAX_SHIFT_MM = 0.1
# In a sheared slice the cord leans otherwise than its voxels say; so much changes no area by 0.1 %.
MAX_SHEAR_DEG = 0.1
# What a net sees is resampled along each axis, and so much shear it has seen in training.
MAX_GRID_SHEAR_DEG = 2.0
# The squares of a quaternion's three numbers add up to at most 1. Rounded to float32 they exceed it a little;
# up to the first is silent, as in nibabel, up to the second the meaning is plain.
_QUATERNION_EXACT, _QUATERNION_PLAIN = 3 * float(np.finfo(np.float32).eps), 1e-5
# Voxels of other sizes, or with a side that nearly lies in the plane of the other two, are a damaged header.
SMALLEST_MM, LARGEST_MM = 0.01, 100.0
_FLATTEST = 0.5
_HOW_TO_REPAIR = "Copy the header of the image it was made from (SCT: sct_image -copy-header), or export it"


class SpaceError(ValueError):
    """A header that does not say where its image is; the message says why, in the words of the field."""

    hint = _HOW_TO_REPAIR


@dataclass(frozen=True)
class Oddity:
    """Something odd about a header that can be read: ``what`` is its kind, ``detail`` its particulars."""

    what: str
    detail: str
    hint: str
    is_rounding: bool = False

    def __str__(self) -> str:
        return f"{self.what} ({self.detail})"


@dataclass(frozen=True)
class Space:
    """The voxel grid of an image.

    ``affine`` maps the voxel indices of ``shape`` to scanner millimetres (RAS+) and comes from ``form``.
    ``sform`` and ``qform`` are there where they are set and valid.
    """

    shape: Shape
    affine: Affine
    form: Form
    sform: Affine | None = None
    qform: Affine | None = None
    oddities: tuple[Oddity, ...] = ()

    @property
    def is_oriented(self) -> bool:
        """Whether the header says how the image lies in the scanner."""
        return self.form != "voxel sizes"

    @property
    def name(self) -> str:
        """The form that is used and, where it is one of two that disagree, that it is."""
        other = "sform" if self.form == "qform" else "qform"
        return f"{self.form}, {other} differs" if self.forms_disagree else self.form

    @property
    def forms_disagree(self) -> bool:
        """Whether sform and qform are both set and are two spaces."""
        return any(one.what == FORMS_DISAGREE for one in self.oddities)


FORMS_DISAGREE = "qform and sform disagree"
SHEARED = "sheared axes"
NO_ORIENTATION = "no orientation"


# A damaged header may hold signalling NaN, which NumPy reports at every touch.
@np.errstate(invalid="ignore", over="ignore")
def read_space(header: nib.Nifti1Header, shape: Shape) -> Space:
    """Return the space that a header describes.

    Raises:
        SpaceError: neither form, nor voxel sizes without them, can be read.
    """
    sform, qform, size = _sform(header), _qform(header), _voxel_sizes(header, shape)
    chosen: list[tuple[Form, _Read]] = [("sform", sform), ("qform", qform)]
    valid = [(form, read.affine) for form, read in chosen if read.affine is not None]
    faults = [read.fault for _, read in chosen if read.fault]
    if not valid and not faults:
        valid = [("voxel sizes", size.affine)] if size.affine is not None else []
        faults = [size.fault]
    if not valid:
        raise SpaceError(f"does not say where it is: {' and '.join(faults)}")
    form, affine = valid[0]
    assert affine is not None
    space = Space(shape, affine, form, sform.affine, qform.affine)
    return Space(shape, affine, form, sform.affine, qform.affine, _oddities(space, sform, qform))


@dataclass(frozen=True)
class _Read:
    """One form: its affine, None where it is not set or not valid; ``fault`` says what is not valid."""

    affine: Affine | None = None
    fault: str = ""
    rounding: str = ""


def _sform(header: nib.Nifti1Header) -> _Read:
    if int(header["sform_code"]) <= 0:
        return _Read()
    affine = np.vstack([*(header[f"srow_{one}"] for one in "xyz"), [0, 0, 0, 1]]).astype(np.float64)
    if not np.isfinite(affine).all():
        return _Read(fault="its sform holds NaN or infinite values")
    if not affine[:3, :3].any():
        return _Read(fault="its sform is all zeros")
    return _singular(affine, "sform") or _Read(affine)


def _qform(header: nib.Nifti1Header) -> _Read:
    if int(header["qform_code"]) <= 0:
        return _Read()
    quaternion = np.array([float(header[f"quatern_{one}"]) for one in "bcd"])
    offset = np.array([float(header[f"qoffset_{one}"]) for one in "xyz"])
    sizes = np.abs(np.asarray(header["pixdim"][1:4], dtype=np.float64))
    if not np.isfinite([quaternion, offset, sizes]).all():
        return _Read(fault="its qform holds NaN or infinite values")
    with np.errstate(over="ignore"):
        excess = float(quaternion @ quaternion) - 1
    if excess > _QUATERNION_PLAIN:
        return _Read(fault=f"its qform is no rotation (quaternion squared {1 + excess:.6g}, at most 1)")
    # Near 180 degrees nothing is left for the real part, and what is, is rounding.
    real = np.sqrt(-excess) if -excess > _QUATERNION_EXACT else 0.0
    affine = np.eye(4)
    affine[:3, :3] = nib.quaternions.quat2mat([real, *quaternion]) * sizes
    affine[:3, 2] *= -1 if header["pixdim"][0] < 0 else 1
    affine[:3, 3] = offset
    rounding = f"squared it is 1 + {excess:.2g}" if excess > _QUATERNION_EXACT else ""
    return _singular(affine, "qform") or _Read(affine, rounding=rounding)


def _voxel_sizes(header: nib.Nifti1Header, shape: Shape) -> _Read:
    """Without forms: axes along the scanner's, the first to the left, about the middle, as in nibabel."""
    sizes = np.abs(np.asarray(header["pixdim"][1:4], dtype=np.float64))
    if not np.isfinite(sizes).all():
        return _Read(fault="its voxel sizes are NaN or infinite")
    affine = np.diag([-sizes[0], sizes[1], sizes[2], 1.0])
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return _singular(affine, "header") or _Read(affine)


def _singular(affine: Affine, words: str) -> _Read | None:
    """The fault of an affine that no image has: voxels without volume, or of an absurd size; else None."""
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    verb = "gives" if words != "header" else "says"
    if sizes.min() < SMALLEST_MM or sizes.max() > LARGEST_MM:
        says = f"voxels of {_sizes(affine)} mm, outside {SMALLEST_MM:g} to {LARGEST_MM:g} mm"
        return _Read(fault=f"its {words} {verb} {says}")
    if abs(np.linalg.det(affine[:3, :3] / sizes)) < _FLATTEST:
        return _Read(fault=f"its {words} is singular: voxels have next to no volume")
    return None


def _oddities(space: Space, sform: _Read, qform: _Read) -> tuple[Oddity, ...]:
    found: list[Oddity] = []
    for read, words in ((sform, "sform"), (qform, "qform")):
        if read.fault:
            detail = f"{read.fault}; the {space.form} is used"
            found.append(Oddity(f"unusable {words}", detail, _HOW_TO_REPAIR))
        if read.rounding:
            hint = "It is read all the same"
            found.append(Oddity("rounded quaternion", read.rounding, hint, is_rounding=True))
    if apart := forms_apart(space):
        hint = "Find out which is right, and set the other to it (SCT: sct_image -set-qform-to-sform)"
        found.append(Oddity(FORMS_DISAGREE, f"{apart}; the {space.form} is used", hint))
    if not space.is_oriented:
        detail = "the codes of qform and sform are both 0; axes are taken to run right to left, front, up"
        hint = "Check left, right and up, then set the sform with code 1"
        found.append(Oddity(NO_ORIENTATION, detail, hint))
    shear = shear_deg(space.affine)
    if shear > MAX_SHEAR_DEG:
        detail = f"{shear:.1f} degrees off a right angle"
        found.append(Oddity(SHEARED, detail, "Resample it to a grid with right angles"))
    return tuple(found)


def forms_apart(space: Space) -> str | None:
    """Say how far sform and qform disagree; None where they agree or only one is set."""
    if space.sform is None or space.qform is None:
        return None
    sizes_s, sizes_q = (np.linalg.norm(one[:3, :3], axis=0) for one in (space.sform, space.qform))
    words = []
    if (np.abs(sizes_s / sizes_q - 1) > MAX_SIZE_SHARE).any():
        words.append(f"voxels of {_sizes(space.qform)} and {_sizes(space.sform)} mm")
    angle = rotation_deg(space.sform, space.qform)
    if angle is None:
        words.append("mirrored")
    elif angle > MAX_ROTATION_DEG:
        words.append(f"turned by {angle:.2g} degrees")
    shift_mm = apart_mm(space.sform, space.qform, space.shape)
    if shift_mm > MAX_SHIFT_MM:
        words.append(f"up to {shift_mm:.3g} mm apart")
    return ", ".join(words) or None


def apart_mm(one: Affine, other: Affine, shape: Shape) -> float:
    """How far a voxel of ``shape`` lies apart in two spaces, at most: at one of the corners."""
    ends = [(0.0, n - 1.0) for n in shape]
    corners = np.stack(np.meshgrid(*ends, indexing="ij")).reshape(3, 8)
    shifts = (one - other)[:3] @ np.vstack([corners, np.ones(8)])
    return float(np.linalg.norm(shifts, axis=0).max())


def rotation_deg(one: Affine, other: Affine) -> float | None:
    """Angle between the axes of two affines, voxel sizes and shear aside; None where one is mirrored."""
    first, second = _rotation(one), _rotation(other)
    if np.linalg.det(first) * np.linalg.det(second) < 0:
        return None
    # By the chord, since the cosine of a small angle is 1 within rounding.
    return float(np.degrees(2 * np.arcsin(min(1.0, np.linalg.norm(first - second) / np.sqrt(8)))))


def shear_deg(affine: Affine) -> float:
    """How far the axes are off a right angle, at most."""
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return float(np.degrees(np.arcsin(min(1.0, np.abs(axes.T @ axes - np.eye(3)).max()))))


@dataclass(frozen=True)
class Misfit:
    """How a mask is not on its image's grid.

    ``fits_as_used``: the two fit by the forms that are used here, but programs that go by the other form see
    them apart.
    """

    what: str
    fits_as_used: bool = False


def misfit(image: Space, mask: Space) -> Misfit | None:
    """Hold a mask against its image, by sform and by qform; None if it is on the image's grid."""
    if image.shape != mask.shape:
        return Misfit(f"has the shape {times(mask.shape)}, its image {times(image.shape)}")
    shift_mm = apart_mm(image.affine, mask.affine, image.shape)
    by_form = {
        form: apart_mm(one, other, image.shape)
        for form, one, other in (("sform", image.sform, mask.sform), ("qform", image.qform, mask.qform))
        if one is not None and other is not None
    }
    if shift_mm > MAX_SHIFT_MM:
        fits = [form for form, mm in by_form.items() if mm <= MAX_SHIFT_MM]
        same = image.form == mask.form
        by_used = f"by the {image.form}" if same else f"by its {mask.form} and the image's {image.form}"
        though = f", though they fit by the {fits[0]}" if fits else ""
        return Misfit(f"lies up to {shift_mm:.2g} mm off its image {by_used}{though}")
    for form, mm in by_form.items():
        if mm > MAX_SHIFT_MM:
            though = f"though they fit by the {image.form}, which is used"
            return Misfit(f"lies up to {mm:.2g} mm off its image by the {form}, {though}", fits_as_used=True)
    return None


def check_for_grid(path: Path | str, space: Space) -> None:
    """Refuse an image that cannot be brought to a grid of right angles whose axes are the body's.

    Raises:
        DataError: an orientation that the header does not give, or a sheared affine.
    """
    for one in space.oddities:
        if one.what == NO_ORIENTATION:
            what = f"does not say how it lies in the scanner: {one.detail.partition(';')[0]}"
            raise DataError(path, what, "Set its sform (code 1) first, after checking left and right")
    shear = shear_deg(space.affine)
    if shear > MAX_GRID_SHEAR_DEG:
        what = f"its axes are {shear:.1f} degrees off a right angle, so slices are sheared"
        raise DataError(path, what, "Resample it to a grid with right angles")


def times(shape: tuple[int, ...]) -> str:
    """Write a shape as ``64x64x20``."""
    return "x".join(map(str, shape))


def _rotation(affine: Affine) -> Affine:
    left, _, right = np.linalg.svd(affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0))
    return np.asarray(left @ right)


def _sizes(affine: Affine) -> str:
    return " x ".join(f"{size:.4g}" for size in np.linalg.norm(affine[:3, :3], axis=0))
