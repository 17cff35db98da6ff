"""From any image to a soft cord mask in the image's own space."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from softcord.data.resample import Grid, Shape, from_grid, to_grid
from softcord.io.nifti import Volume
from softcord.predict.clean import keep_cord
from softcord.predict.find_cord import SMALL_MM, Bounds, cord_box, follow_cord
from softcord.predict.infer import PLAIN, Apply, Remembering, predict_grid, sliding_voxels
from softcord.predict.package import Model
from softcord.predict.tube import keep_most_cord_like

Float32 = npt.NDArray[np.float32]
# Where the net looked: along the cord that it found, everywhere, in the middle of the image, or, where all
# voxels are the same, nowhere.
Looked = Literal["along the cord", "everywhere", "in the centre", "nowhere"]
# Values above which a faint tube is taken for the cord, if it looks like one and nothing above 0.5 does.
FAINT = (0.3, 0.15)
# At most so many times as long as windows sliding over the image once; 1.2 gave up cords that can be seen.
MOST = 2.0


@dataclass(frozen=True)
class PredictSettings:
    """How a model is applied to an image.

    ``largest`` is the number of connected parts to keep, 0 for all. ``crop_voxels`` looks only into a box of
    that size about the image's centre (R-L, A-P, S-I; -1 is the whole axis), as the paper does; None finds
    the cord first. ``small_windows`` looks along the cord through windows of ``SMALL_MM`` at most, even where
    the net has only seen larger ones: faster, but a net that normalises over its window answers differently.
    ``only_a_cord`` wants a cord or nothing, if the net looked everywhere for want of one to follow: the part
    most like a cord is kept, also where the net is faint about it, and a mask in which nothing has the
    length, area and steadiness of a cord is emptied.
    """

    largest: int = 1
    crop_voxels: Shape | None = None
    small_windows: bool = False
    only_a_cord: bool = False
    apply: Apply = PLAIN

    def __post_init__(self) -> None:
        """Refuse values that predict nothing."""
        if self.largest < 0:
            raise ValueError(f"largest: must be 0 (all) or more, got {self.largest}")
        if self.crop_voxels is not None and any(side < 1 and side != -1 for side in self.crop_voxels):
            raise ValueError(f"crop_voxels: sides must be -1 (all) or at least 1, got {self.crop_voxels}")


# The cord found, the largest part kept.
AS_IT_IS = PredictSettings()


@dataclass(frozen=True)
class OnGrid:
    """An image as a model's net sees it: ``image_rpi`` on ``grid``, from 0, its standard deviation 1."""

    image_rpi: Float32
    grid: Grid


@dataclass(frozen=True)
class Prediction:
    """A soft mask in its image's space, where the net looked, and at what (None: a constant image)."""

    softseg: Volume
    looked: Looked
    seen: OnGrid | None = None

    @property
    def has_cord(self) -> bool:
        """Whether any voxel is more cord than not."""
        return bool((self.softseg.data > 0.5).any())

    @property
    def is_unsure(self) -> bool:
        """Whether no cord could be followed, and the mask is what looks most like one."""
        return self.looked == "everywhere" and self.has_cord


def predict_volume(model: Model, image: Volume, settings: PredictSettings = PredictSettings()) -> Prediction:
    """Return the soft mask, float32 in [0, 1], of an image of any orientation and voxel size.

    It has the image's shape and affine. Where the net sees no cord at all, it is empty.
    """
    if image.data.min() == image.data.max():
        return Prediction(Volume(np.zeros(image.data.shape, np.float32), image.affine), "nowhere")
    return predict_on_grid(model, on_grid(model, image), settings)


def on_grid(model: Model, image: Volume) -> OnGrid:
    """Return an image on a model's grid, which takes a tenth of the prediction of a large one."""
    description = model.description
    grid_image, grid = to_grid(image, description.spacing_mm, description.interpolation)
    deviation = float(torch.from_numpy(grid_image).std())  # NumPy's takes ten times as long
    return OnGrid((grid_image - grid_image.min()) / max(deviation, 1e-6), grid)


def predict_on_grid(
    model: Model, seen: OnGrid, settings: PredictSettings, *, mirror: bool = False
) -> Prediction:
    """Return the soft mask of an image on the model's grid, or of its R-L ``mirror`` image, turned back.

    A grid shares its image's centre, so that the mirror image's is the mirrored one.
    """
    image_rpi = np.ascontiguousarray(np.flip(seen.image_rpi, 0)) if mirror else seen.image_rpi
    softseg, looked = _look(model, image_rpi, seen.grid, settings)
    if mirror:
        softseg = np.flip(softseg, 0)
    if not (softseg > 0.5).any():
        softseg = np.zeros_like(softseg)  # what remains is noise, and would add up to an area
    return Prediction(Volume(from_grid(softseg, seen.grid), seen.grid.native_affine), looked, seen)


def softseg_on_grid(
    model: Model, image_rpi: npt.NDArray[np.floating], *, apply: Apply = PLAIN, largest: int = 1
) -> Float32:
    """Return the soft mask of an image on the model's RPI grid, seen everywhere, then cleaned."""
    description = model.description
    softseg = predict_grid(
        model.net,
        image_rpi,
        window=description.window_voxels,
        activation=description.activation,
        apply=apply,
    )
    return _clean(model, softseg, largest)


def _look(model: Model, image_rpi: Float32, grid: Grid, settings: PredictSettings) -> tuple[Float32, Looked]:
    if settings.crop_voxels is not None:
        box = _central_box(grid.shape, settings.crop_voxels)
        softseg = np.zeros_like(image_rpi)
        softseg[box] = softseg_on_grid(model, image_rpi[box], apply=settings.apply, largest=settings.largest)
        return softseg, "in the centre"
    description = model.description
    # A net that does not say what it halves sees windows of the size it was trained on.
    multiple = getattr(model.net, "required_multiple", description.window_voxels)
    limit = description.narrow_window_voxels
    if limit is None and settings.small_windows:
        limit = _in_voxels(SMALL_MM, description.spacing_mm)
    everywhere_voxels = cord_box(description.window_voxels, multiple, grid.shape)
    # A window of the search may be one that slides.
    settings = replace(settings, apply=Remembering(settings.apply.bfloat16, settings.apply.mirror))
    found = follow_cord(
        model.net,
        image_rpi,
        box=cord_box(description.window_voxels, multiple, grid.shape, limit),
        activation=description.activation,
        spacing_mm=description.spacing_mm,
        apply=settings.apply,
        bounds=_bounds(grid.shape, description.window_voxels, everywhere_voxels),
    )
    if found is not None:
        return _clean(model, found, settings.largest), "along the cord"
    everywhere = predict_grid(
        model.net,
        image_rpi,
        window=everywhere_voxels,
        activation=description.activation,
        apply=settings.apply,
    )
    if not settings.only_a_cord:
        return _clean(model, everywhere, settings.largest), "everywhere"
    return _most_cord_like(model, everywhere, settings.largest), "everywhere"


def _bounds(shape: Shape, window: Shape, fitted: Shape) -> Bounds:
    """Return what the search may be shown, so that no image takes much longer than windows over it once.

    Those have the size of training (``window``); if the search fails, ``fitted`` ones slide.
    """
    most = MOST * sliding_voxels(shape, window)
    return Bounds(search=most - sliding_voxels(shape, fitted), follow=most)


def _most_cord_like(model: Model, softseg: Float32, largest: int) -> Float32:
    """Return the part most like a cord, a faint one brought out if there is no other; else nothing."""
    for level in (0.5, *FAINT):
        brought_out = np.minimum(softseg * np.float32(0.5 / level), 1)
        tube = keep_most_cord_like(brought_out, model.description.spacing_mm)
        if tube is not None:
            return _clean(model, tube if largest == 1 else brought_out, largest)
    return np.zeros_like(softseg)


def _in_voxels(size_mm: Shape, spacing_mm: float) -> Shape:
    x, y, z = (round(side / spacing_mm) for side in size_mm)
    return x, y, z


def _clean(model: Model, softseg: Float32, largest: int) -> Float32:
    rim_mm = model.description.rim_mm
    if rim_mm is None or largest == 0:
        return softseg
    return keep_cord(softseg, rim_mm=rim_mm, spacing_mm=model.description.spacing_mm, parts=largest)


def _central_box(shape: Shape, size: Shape) -> tuple[slice, ...]:
    sides = [n if side == -1 else min(side, n) for n, side in zip(shape, size, strict=True)]
    return tuple(slice((n - side) // 2, (n - side) // 2 + side) for n, side in zip(shape, sides, strict=True))
