"""Find the cord and follow it with small windows, instead of sliding windows over the whole image.

The cord is a thin tube. A window is placed where the cord probably is: first in the middle of the image, then
where a coarse look at all of it shows something. Only if a tube runs through the window is that taken for the
cord, of several the steadiest, and followed up and down, each window centred on where the last one saw it.
Where no guess convinces, the caller slides windows over everything.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import Tensor, nn
from torch.nn.functional import avg_pool3d

from softcord.data.resample import Shape
from softcord.nets.activation import Activation, activate
from softcord.predict.infer import PLAIN, Apply, device_of
from softcord.predict.tube import MIN_SHARE, Tube, find_tube

Float32 = npt.NDArray[np.float32]
Place = tuple[float, float, float]

# Windows no wider than this hold the cord (10-15 mm wide) with what lies around it, and its bends.
SMALL_MM = (48, 64, 128)
OVERLAP = 0.25  # at least, of one window with the next along the cord
SCOUT = 4  # the cord is first looked for in a window so many times shorter than those that follow it
COARSE = 2  # voxels of the coarse look, in voxels of the grid
GUESSES = 3  # places of the coarse look that are tried
# A cord's area changes by a tenth or two over 100 mm, with its enlargements, and less over a shorter piece;
# what else a net marks swells and shrinks. A guess steadier than CERTAIN, in proportion to its length, is
# taken at once, one up to POSSIBLE only if no other place shows a steadier tube.
CERTAIN, POSSIBLE = 0.2, 0.35
CERTAIN_OVER_MM = 100.0
MIN_LENGTH_MM = 40.0  # shorter than that, and not through most of the image, is not sure
MARGIN_MM = 8  # a cord nearer than this to the window's side is looked at again, centred


@dataclass(frozen=True)
class Bounds:
    """How many voxels the net may be shown: until a cord convinces, and until that is followed to its ends.

    The first look is always taken.
    """

    search: float = math.inf
    follow: float = math.inf


UNBOUNDED = Bounds()


def cord_box(window: Shape, multiple: Shape, shape: Shape, limit: Shape | None = None) -> Shape:
    """Return the size of the windows that follow the cord, in voxels: as in training, fitted to the image.

    No side exceeds the window the net was trained on, what the image of ``shape`` needs, or ``limit``; all
    are multiples of what the net halves.
    """
    x, y, z = (
        min(side, _up(min(n, most), step))
        for side, step, n, most in zip(window, multiple, shape, limit or window, strict=True)
    )
    return x, y, z


def follow_cord(
    net: nn.Module,
    image_rpi: npt.NDArray[np.floating],
    *,
    box: Shape,
    activation: Activation,
    spacing_mm: float = 1.0,
    apply: Apply = PLAIN,
    bounds: Bounds = UNBOUNDED,
) -> Float32 | None:
    """Return the soft mask of the cord that was found, 0 where nobody looked; None if nothing convinced.

    ``image_rpi`` is on the grid the net was trained on; ``box`` is the size of the windows.
    """
    return _Search(net, image_rpi, box, activation, spacing_mm, apply, bounds).run()


class _Search:
    """One search: the image, and the raw outputs of the windows that were accepted."""

    def __init__(
        self,
        net: nn.Module,
        image_rpi: npt.NDArray[np.floating],
        box: Shape,
        activation: Activation,
        spacing_mm: float,
        apply: Apply,
        bounds: Bounds,
    ) -> None:
        self.net = net.eval()
        self.image = torch.as_tensor(np.ascontiguousarray(image_rpi, dtype=np.float32))
        self.black = float(self.image.min())
        self.box, self.activation, self.spacing_mm, self.apply = box, activation, spacing_mm, apply
        self.bounds, self.looked_at = bounds, 0
        self.stride = _stride(box[2], self.image.shape[2])
        self.importance = _importance(box)
        self.accepted: list[tuple[Tensor, Shape]] = []

    def run(self) -> Float32 | None:
        guesses: list[tuple[Tensor, Shape, Tube]] = []
        for n, place in enumerate(self.places()):
            guess = self.settle(place) if n == 0 or self.affords(self.box) else None
            if guess is None:
                continue
            if self.is_certain(guess[2]):
                guesses = [guess]
                break
            guesses.append(guess)
        for guess in sorted(guesses, key=lambda guess: guess[2].unsteadiness):
            if guess[2].is_cord and guess[2].unsteadiness <= POSSIBLE and self.follow_from(*guess):
                return self.blend()
        return None

    def affords(self, size: Shape) -> bool:
        """Whether a look of this size may be part of the search."""
        return self.looked_at + math.prod(size) <= self.bounds.search

    def can_follow(self) -> bool:
        """Whether another window along the cord is within bounds; no cord needs as many as that."""
        return self.looked_at + math.prod(self.box) <= self.bounds.follow

    def is_certain(self, tube: Tube) -> bool:
        """Whether a tube is as steady as only cords are over its length."""
        length_mm = len(tube.slices) * self.spacing_mm
        return tube.is_cord and tube.unsteadiness <= CERTAIN * min(1.0, length_mm / CERTAIN_OVER_MM)

    def blend(self) -> Float32:
        """Return the soft mask of the accepted windows' raw outputs, 0 where none of them lies."""
        boxes = [_overlap(corner, self.box, self.image.shape)[0] for _, corner in self.accepted]
        around = tuple(
            slice(min(part.start for part in axis), max(part.stop for part in axis))
            for axis in zip(*boxes, strict=True)
        )
        shape = tuple(part.stop - part.start for part in around)
        total, weight = torch.zeros(shape), torch.zeros(shape)
        for raw, (x, y, z) in self.accepted:
            corner = (x - around[0].start, y - around[1].start, z - around[2].start)
            inside, outside = _overlap(corner, self.box, shape)
            total[inside] += (raw * self.importance)[outside]
            weight[inside] += self.importance[outside]
        blended = activate((total / weight.clamp_min(1e-12))[None, None], self.activation)[0, 0]
        softseg = np.zeros(self.image.shape, np.float32)
        softseg[around] = torch.where(weight > 0, blended, 0.0).numpy()
        return softseg

    def places(self) -> Iterator[Place]:
        """Yield where the cord may be, the likeliest first; the coarse look is taken only if needed."""
        x, y, z = self.image.shape
        # The middle one of the evenly spaced windows that cover a cord from end to end.
        start = max(0, z - self.box[2]) // self.stride // 2 * self.stride
        yield (x - 1) / 2, (y - 1) / 2, start + (self.box[2] - 1) / 2
        yield from self.coarse_places()

    def coarse_places(self) -> list[Place]:
        """Centres of the longest tubes in a look at the whole image at low resolution."""
        coarse = avg_pool3d(self.image[None, None], COARSE, ceil_mode=True)
        multiple = getattr(self.net, "required_multiple", self.box)
        sides = [_up(n, step) for n, step in zip(coarse.shape[2:], multiple, strict=True)]
        if not self.affords((sides[0], sides[1], sides[2])):
            return []
        padded = torch.full((1, 1, *sides), self.black)
        n = coarse.shape[2:]
        padded[:, :, : n[0], : n[1], : n[2]] = coarse
        seen = self.soft(padded)[: n[0], : n[1], : n[2]]
        parts, count = ndimage.label(seen > 0.5)
        if count == 0:
            return []
        found = ndimage.find_objects(parts)
        longest = np.argsort([part[2].start - part[2].stop for part in found], kind="stable")[:GUESSES]
        centres = ndimage.center_of_mass(seen, parts, longest + 1)
        return [tuple((np.array(centre) + 0.5) * COARSE - 0.5) for centre in centres]

    def settle(self, place: Place) -> tuple[Tensor, Shape, Tube] | None:
        """Look at a place, and again centred on the cord if it runs near the window's side.

        None where a short window does not convince and a whole one would cost too much.
        """
        scouted = self.scout(place)
        if scouted is not None:
            if not self.is_certain(scouted) and not self.affords(self.box):
                return None
            if scouted.is_cord:
                place = (*self.middle(scouted)[:2], place[2])
        raw, corner = self.look(place, self.box)
        tube = self.tube(raw, corner)
        is_worth = self.is_certain(tube) or self.affords(self.box)
        if tube.is_cord and is_worth and not self.is_central(tube, corner):
            raw, corner = self.look(self.middle(tube), self.box)
            tube = self.tube(raw, corner)
        return raw, corner, tube

    def scout(self, place: Place) -> Tube | None:
        """Return what a short window about a place shows; None where it would save nothing."""
        multiple = getattr(self.net, "required_multiple", self.box)[2]
        length = _up(math.ceil(self.box[2] / SCOUT), multiple)
        fits = all(n <= side for n, side in zip(self.image.shape[:2], self.box[:2], strict=True))
        if fits or 2 * length > self.box[2]:
            return None
        return self.tube(*self.look(place, (*self.box[:2], length)))

    def follow_from(self, raw: Tensor, corner: Shape, tube: Tube) -> bool:
        """Follow a cord both ways from the window that shows it. Whether that convinces."""
        self.accepted = [(raw, corner)]
        seen = np.isfinite(tube.centres[:, 0])
        for step in (1, -1):
            seen |= self.follow(tube, corner, step)
        length = int(seen.sum())
        return length * self.spacing_mm >= MIN_LENGTH_MM or length >= MIN_SHARE * self.image.shape[2]

    def follow(self, tube: Tube, corner: Shape, step: int) -> npt.NDArray[np.bool_]:
        """Go on from a window at ``corner``, up or down, until cord or image end; return the slices seen."""
        seen = np.zeros(self.image.shape[2], dtype=bool)
        while self.can_follow() and (centre := self.next_place(tube, corner, step)) is not None:
            before = corner
            raw, corner = self.look(centre, self.box)
            onward = self.tube(raw, corner)
            # A little farther along may be all that is left of the image; a little aside is no progress.
            along, aside = step * (corner[2] - before[2]), np.abs(np.subtract(corner, before))[:2].max()
            is_onward = along > 0 or aside * self.spacing_mm >= MARGIN_MM
            if not is_onward or not self.is_same_cord(tube, onward):
                break
            self.accepted.append((raw, corner))
            seen |= np.isfinite(onward.centres[:, 0])
            tube = onward
        return seen

    def next_place(self, tube: Tube, corner: Shape, step: int) -> Place | None:
        """Where to look next; None where the cord or the image ends."""
        end, length = tube.end(step), self.box[2]
        if self.is_beside(tube.centres[end], corner):
            # It leaves by the window's side: go on from there.
            x, y = tube.centres[end]
            return float(x), float(y), end + step * length * (0.5 - OVERLAP)
        last = self.image.shape[2] - length
        onward = min(max(corner[2] + step * self.stride, 0), last) if last > 0 else corner[2]
        # A cord that does not reach into the next window has ended.
        if onward != corner[2] and onward <= end < onward + length:
            return *self.ahead(tube, step), onward + (length - 1) / 2
        return None

    def look(self, centre: Place, size: Shape) -> tuple[Tensor, Shape]:
        """Return the raw output of the window about ``centre``, black outside the image, and its corner."""
        x, y, z = (
            _clamp(round(c - (side - 1) / 2), side, n)
            for c, side, n in zip(centre, size, self.image.shape, strict=True)
        )
        patch = torch.full(size, self.black)
        inside, outside = _overlap((x, y, z), size, self.image.shape)
        patch[outside] = self.image[inside]
        self.looked_at += patch.numel()
        return self.apply(self.net, patch[None, None].to(device_of(self.net)))[0, 0].cpu(), (x, y, z)

    def soft(self, windows: Tensor) -> Float32:
        self.looked_at += windows.numel()
        raw = self.apply(self.net, windows.to(device_of(self.net)))
        softseg: Float32 = activate(raw, self.activation)[0, 0].cpu().numpy()
        return softseg

    def tube(self, raw: Tensor, corner: Shape) -> Tube:
        """Return the tube that a window shows, in voxels of the grid."""
        inside, outside = _overlap(corner, tuple(raw.shape), self.image.shape)
        softseg = activate(raw[None, None], self.activation)[0, 0].numpy()[outside]
        tube = find_tube(softseg, self.spacing_mm)
        centres = np.full((self.image.shape[2], 2), np.nan)
        centres[inside[2]] = tube.centres + np.array((inside[0].start, inside[1].start))
        return replace(tube, centres=centres)

    def is_central(self, tube: Tube, corner: Shape) -> bool:
        """Whether the cord keeps away from the window's sides, or cannot because the image ends there."""
        seen = tube.centres[tube.slices]
        return not (self.is_beside(seen.min(axis=0), corner) or self.is_beside(seen.max(axis=0), corner))

    def is_beside(self, place: npt.NDArray[np.float64], corner: Shape) -> bool:
        """Whether a place is near a side of the window beyond which the image goes on."""
        margin = MARGIN_MM / self.spacing_mm
        for axis in (0, 1):
            low, high = corner[axis], corner[axis] + self.box[axis]
            if low > 0 and place[axis] < low + margin:
                return True
            if high < self.image.shape[axis] and place[axis] > high - 1 - margin:
                return True
        return False

    def middle(self, tube: Tube) -> Place:
        """Centre of what is seen of the cord, between its extremes."""
        seen = tube.centres[tube.slices]
        x, y = (seen.min(axis=0) + seen.max(axis=0)) / 2
        return float(x), float(y), float(tube.slices.mean())

    def ahead(self, tube: Tube, step: int) -> tuple[float, float]:
        """Where the cord's middle in the next window will be, by the line through its last part."""
        span = max(2, round(self.box[2] / 3))
        slices = tube.slices[-span:] if step > 0 else tube.slices[:span]
        centres = tube.centres[slices]
        reach = round(self.box[2] * (0.5 - OVERLAP / 2))
        slope = (centres[-1] - centres[0]) / max(1, slices[-1] - slices[0])
        end = centres[-1] if step > 0 else centres[0]
        x, y = end + slope * step * reach / 2
        return float(x), float(y)

    def is_same_cord(self, tube: Tube, onward: Tube) -> bool:
        """Whether what the next window shows continues the cord: it overlaps and lies in the same place."""
        both = np.intersect1d(tube.slices, onward.slices)
        if len(both) == 0 or not onward.has_area_of_cord:
            return False
        apart = np.linalg.norm(tube.centres[both] - onward.centres[both], axis=1)
        return bool(np.median(apart) * self.spacing_mm < MARGIN_MM)


def _importance(size: Shape) -> Tensor:
    """Return Gaussian weights of a window's voxels, an eighth of a side wide (as MONAI's)."""
    axes = [torch.exp(-0.5 * ((torch.arange(side) - (side - 1) / 2) / (0.125 * side)) ** 2) for side in size]
    return torch.einsum("i,j,k->ijk", *axes).clamp_min(1e-3)


def _stride(length: int, n: int) -> int:
    """Slices from one window to the next: as few windows as overlap enough, evenly spaced over ``n``."""
    steps = math.ceil(max(0, n - length) / (length * (1 - OVERLAP)))
    return math.ceil((n - length) / steps) if steps else max(1, length // 2)


def _up(n: int, step: int) -> int:
    return max(step, -(-n // step) * step)


def _clamp(start: int, side: int, n: int) -> int:
    """Keep a window in the image; one that is larger than the image is centred on it."""
    return min(max(start, 0), n - side) if n >= side else (n - side) // 2


def _overlap(
    corner: Shape, size: tuple[int, ...], shape: tuple[int, ...]
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Return the part of a window that lies in the image, as slices of the image and of the window."""
    low = [max(start, 0) for start in corner]
    high = [min(start + side, n) for start, side, n in zip(corner, size, shape, strict=True)]
    inside = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    outside = tuple(slice(a - start, b - start) for a, b, start in zip(low, high, corner, strict=True))
    return inside, outside
