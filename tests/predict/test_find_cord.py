"""The cord is found wherever it lies; where none is, nothing is made up.

The net of these tests takes bright voxels for cord, so what it sees is known exactly.
"""

import numpy as np
import numpy.typing as npt
import pytest
from torch import Tensor, nn

from softcord.io.nifti import Volume
from softcord.predict.find_cord import cord_box, follow_cord
from softcord.predict.infer import predict_grid, sliding_voxels
from softcord.predict.package import Model, ModelDescription, NetDescription
from softcord.predict.tube import keep_most_cord_like
from softcord.predict.volume import MOST, PredictSettings, predict_volume

Array = npt.NDArray[np.float32]


class Bright(nn.Module):
    """Cord is what lies 2 standard deviations above the mean; counts the voxels it looks at."""

    required_multiple = (8, 8, 8)

    def __init__(self) -> None:
        super().__init__()
        self.looked_at = 0

    def forward(self, image: Tensor) -> list[Tensor]:
        self.looked_at += image.numel()
        return [(image > 2).float()]


def model(
    net: nn.Module | None = None,
    window: tuple[int, int, int] = (64, 192, 320),
    narrow: tuple[int, int, int] | None = None,
) -> Model:
    description = ModelDescription(
        "bright", NetDescription("x", {}), window, "clip", narrow_window_voxels=narrow
    )
    return Model(net or Bright(), description)


def tube(
    shape: tuple[int, int, int], bottom: tuple[float, float], top: tuple[float, float], reach: float = 1.0
) -> tuple[Array, Array]:
    """An image with a straight cord of 5 mm radius up to ``reach`` of its height, and the cord."""
    rng = np.random.default_rng(0)
    z = np.arange(shape[2])
    along = z / max(1, shape[2] - 1)
    x0, y0 = (b + (t - b) * along for b, t in zip(bottom, top, strict=True))
    x, y = np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij")
    cord = (x[..., None] - x0) ** 2 + (y[..., None] - y0) ** 2 < 5**2
    cord &= z < reach * shape[2]
    image = rng.normal(1, 0.05, shape) + cord * 4.0
    return image.astype(np.float32), cord.astype(np.float32)


def dice(a: npt.NDArray[np.generic], b: npt.NDArray[np.generic]) -> float:
    return float(2 * ((a > 0.5) & (b > 0.5)).sum() / ((a > 0.5).sum() + (b > 0.5).sum()))


@pytest.mark.parametrize(
    ("bottom", "top"),
    [
        ((86, 86), (86, 86)),
        ((26, 86), (26, 86)),
        ((86, 150), (86, 140)),
        ((12, 12), (12, 12)),
        ((60, 60), (110, 120)),
    ],
    ids=["central", "60 mm to the side", "60 mm to the front", "in a corner", "oblique"],
)
def test_the_whole_cord_is_found_wherever_it_lies(
    bottom: tuple[float, float], top: tuple[float, float]
) -> None:
    image, cord = tube((173, 173, 110), bottom, top)
    net = Bright()
    box = cord_box((64, 192, 320), net.required_multiple, (173, 173, 110), (48, 64, 128))
    found = follow_cord(net, image, box=box, activation="clip")
    assert found is not None
    assert dice(found, cord) > 0.99


def test_a_long_cord_is_followed_from_end_to_end() -> None:
    image, cord = tube((96, 160, 320), (48, 50), (50, 120))
    net = Bright()
    found = follow_cord(net, image, box=(48, 64, 128), activation="clip")
    assert found is not None
    assert dice(found, cord) > 0.99
    assert net.looked_at < 0.45 * image.size


def test_whatever_the_height_of_the_image_no_slice_of_the_cord_is_left_out() -> None:
    cut_short = []
    for height in range(28, 130):
        image, cord = tube((24, 32, height), (12, 16), (12, 16))
        found = follow_cord(Bright(), image, box=(24, 32, 32), activation="clip")
        if found is None or not np.array_equal(found.sum(axis=(0, 1)), cord.sum(axis=(0, 1))):
            cut_short.append(height)
    assert cut_short == []


def test_windows_along_the_cord_are_few_and_evenly_spaced() -> None:
    image, _ = tube((96, 160, 320), (48, 80), (48, 80))
    net = Bright()
    assert follow_cord(net, image, box=(48, 64, 128), activation="clip") is not None
    # Three windows cover 320 slices; the cord is found by a quarter of one.
    assert net.looked_at == 3.25 * 48 * 64 * 128


def test_a_net_that_has_learnt_to_sees_the_cord_through_narrow_windows() -> None:
    image, cord = tube((173, 173, 110), (86, 86), (86, 86))
    wide, narrow = Bright(), Bright()
    predict_volume(model(wide), Volume(image, np.eye(4)))
    prediction = predict_volume(model(narrow, narrow=(48, 64, 128)), Volume(image, np.eye(4)))
    assert dice(prediction.softseg.data, cord) > 0.98
    assert narrow.looked_at < 0.3 * wide.looked_at


def test_a_cord_that_ends_within_the_image_is_followed_to_its_end() -> None:
    image, cord = tube((96, 160, 320), (48, 80), (48, 80), reach=0.6)
    found = follow_cord(Bright(), image, box=(48, 64, 128), activation="clip")
    assert found is not None
    assert dice(found, cord) > 0.99


def test_windows_are_those_of_training_fitted_to_the_image_and_to_what_the_net_halves() -> None:
    assert cord_box((64, 192, 320), (16, 32, 32), (192, 260, 320)) == (64, 192, 320)
    assert cord_box((64, 192, 320), (16, 32, 32), (173, 173, 25)) == (64, 192, 32)
    assert cord_box((64, 192, 320), (16, 32, 32), (30, 40, 110)) == (32, 64, 128)
    assert cord_box((32, 48, 64), (8, 8, 8), (173, 173, 110)) == (32, 48, 64)


def test_small_windows_are_never_larger_than_those_of_training() -> None:
    assert cord_box((64, 192, 320), (16, 32, 32), (192, 260, 320), (48, 64, 128)) == (48, 64, 128)
    assert cord_box((32, 48, 64), (8, 8, 8), (173, 173, 110), (48, 64, 128)) == (32, 48, 64)


def test_a_bright_ball_in_the_middle_is_not_taken_for_a_cord() -> None:
    image, cord = tube((173, 173, 110), (26, 86), (26, 86))
    x, y, z = np.indices(image.shape, sparse=True)
    image[(x - 86) ** 2 + (y - 86) ** 2 + (z - 55) ** 2 < 12**2] = 5
    found = follow_cord(Bright(), image, box=(48, 64, 112), activation="clip")
    assert found is not None
    assert dice(found, cord) > 0.99


def test_of_two_tubes_the_one_of_steady_area_is_the_cord() -> None:
    image, cord = tube((173, 173, 110), (30, 86), (30, 86))
    x, y, z = np.indices(image.shape, sparse=True)
    image[(x - 86) ** 2 + (y - 86) ** 2 < (5 + 3 * np.sin(z / 6)) ** 2] = 5
    found = follow_cord(Bright(), image, box=(48, 64, 112), activation="clip")
    assert found is not None
    assert dice(found, cord) > 0.99


def test_in_a_short_stack_a_tube_has_to_be_steadier_to_be_taken_at_once() -> None:
    image, cord = tube((173, 173, 25), (26, 86), (26, 86))
    x, y, z = np.indices(image.shape, sparse=True)
    image[(x - 86) ** 2 + (y - 86) ** 2 < (5 + 0.6 * np.sin(z / 4)) ** 2] = 5
    found = follow_cord(Bright(), image, box=(48, 64, 32), activation="clip")
    assert found is not None
    assert dice(found, cord) > 0.99


def test_without_a_cord_nothing_is_found_and_the_mask_is_empty() -> None:
    image = np.random.default_rng(0).normal(1, 0.05, (96, 96, 64)).astype(np.float32)
    assert follow_cord(model().net, np.clip(image, 0, 1.05), box=(48, 64, 64), activation="clip") is None
    flat = Volume(np.where(image > 1, 1.0, 0.9).astype(np.float32), np.eye(4))
    prediction = predict_volume(model(window=(48, 64, 64)), flat)
    assert prediction.looked == "everywhere"
    assert not prediction.has_cord
    assert prediction.softseg.data.max() == 0


def test_a_ball_alone_is_no_cord_if_only_a_cord_is_wanted() -> None:
    image = np.random.default_rng(0).normal(1, 0.05, (96, 96, 96)).astype(np.float32)
    x, y, z = np.indices(image.shape, sparse=True)
    image[(x - 48) ** 2 + (y - 48) ** 2 + (z - 48) ** 2 < 14**2] = 5
    volume = Volume(image, np.eye(4))
    said = predict_volume(model(window=(48, 64, 64)), volume)
    wanted = predict_volume(model(window=(48, 64, 64)), volume, PredictSettings(only_a_cord=True))
    assert (said.looked, said.has_cord) == ("everywhere", True)
    assert (wanted.looked, wanted.has_cord) == ("everywhere", False)


class Faint(nn.Module):
    """Answers a constant share of one where it sees something bright."""

    required_multiple = (8, 8, 8)

    def __init__(self, answer: float) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, image: Tensor) -> list[Tensor]:
        return [self.answer * (image > 2).float()]


ONLY_A_CORD = PredictSettings(only_a_cord=True)


@pytest.mark.parametrize("answer", [0.4, 0.2])
def test_a_cord_that_the_net_is_faint_about_is_found_and_marked_as_unsure(answer: float) -> None:
    image, cord = tube((96, 96, 64), (40, 50), (44, 52))
    prediction = predict_volume(
        model(Faint(answer), window=(48, 64, 64)), Volume(image, np.eye(4)), ONLY_A_CORD
    )
    assert dice(prediction.softseg.data, cord) > 0.95
    assert prediction.is_unsure


def test_a_faint_ball_is_no_cord() -> None:
    image = np.random.default_rng(0).normal(1, 0.05, (96, 96, 96)).astype(np.float32)
    x, y, z = np.indices(image.shape, sparse=True)
    image[(x - 48) ** 2 + (y - 48) ** 2 + (z - 48) ** 2 < 14**2] = 5
    prediction = predict_volume(model(Faint(0.4), window=(48, 64, 64)), Volume(image, np.eye(4)), ONLY_A_CORD)
    assert not prediction.softseg.data.any()
    assert not prediction.is_unsure


def test_a_cord_that_could_be_followed_is_sure() -> None:
    image, _ = tube((96, 96, 64), (40, 50), (44, 52))
    assert not predict_volume(model(window=(48, 64, 64)), Volume(image, np.eye(4)), ONLY_A_CORD).is_unsure


def test_of_several_parts_the_most_cord_like_is_kept_though_another_is_larger() -> None:
    _, cord = tube((64, 64, 48), (20, 20), (20, 20))
    x, y, z = np.indices(cord.shape, sparse=True)
    blob = ((x - 48) ** 2 + (y - 44) ** 2 < (4 + 7 * np.abs(np.sin(z / 5))) ** 2).astype(np.float32)
    assert blob.sum() > cord.sum()
    kept = keep_most_cord_like(np.maximum(cord, blob), spacing_mm=1.0)
    assert kept is not None
    assert np.array_equal(kept, cord)


@pytest.mark.parametrize("shape", [(30, 34, 110), (173, 173, 25), (20, 20, 25), (9, 9, 9)])
def test_small_images_are_seen_whole(shape: tuple[int, int, int]) -> None:
    image, cord = tube(shape, (shape[0] / 2, shape[1] / 2), (shape[0] / 2, shape[1] / 2))
    image += np.random.default_rng(1).normal(0, 0.01, shape).astype(np.float32)
    prediction = predict_volume(model(window=(32, 48, 64)), Volume(image, np.eye(4)))
    assert prediction.softseg.data.shape == shape
    if min(shape) > 9:  # in the smallest, cord is no exception
        assert dice(prediction.softseg.data, cord) > 0.98


def test_the_papers_crop_looks_only_into_the_middle() -> None:
    image, _ = tube((173, 173, 64), (26, 86), (26, 86))
    settings = PredictSettings(crop_voxels=(64, 96, -1))
    prediction = predict_volume(model(window=(64, 96, 64)), Volume(image, np.eye(4)), settings)
    assert prediction.looked == "in the centre"
    assert not prediction.softseg.data[:54].any()


def misleading(shape: tuple[int, int, int], kind: str) -> Array:
    """An image of things that a net may mark and that are no cord."""
    rng = np.random.default_rng(0)
    image = rng.normal(1, 0.05, shape).astype(np.float32)
    x, y, z = np.indices(shape, sparse=True)
    across = ((x + 10) % 40 - 20) ** 2 + ((y + 10) % 40 - 20) ** 2
    if kind == "tubes that swell":
        image[across < (5 + 3 * np.sin(z / 4)) ** 2] = 9
    elif kind == "balls":
        image[across + (z % 60 - 30) ** 2 < 10**2] = 9
    elif kind == "short tubes":
        image[(across < 5**2) & (z % 60 < 35)] = 9
    elif kind == "bends":
        image[(x - 60 - 50 * np.sin(z / 15)) ** 2 + (y - 60 - 40 * np.cos(z / 11)) ** 2 < 6**2] = 9
    return image


@pytest.mark.parametrize("kind", ["nothing", "tubes that swell", "balls", "short tubes", "bends"])
@pytest.mark.parametrize(
    ("shape", "window", "narrow"),
    [
        ((96, 130, 160), (32, 96, 160), None),
        ((32, 160, 160), (32, 96, 160), None),
        ((32, 160, 160), (32, 96, 160), (24, 32, 64)),
        ((87, 87, 55), (32, 96, 160), None),
        ((87, 87, 55), (16, 24, 32), None),
        ((96, 80, 80), (48, 64, 64), None),
        ((40, 60, 60), (48, 64, 64), None),
    ],
)
def test_no_image_costs_more_than_twice_sliding_windows_over_it_once(
    shape: tuple[int, int, int],
    window: tuple[int, int, int],
    narrow: tuple[int, int, int] | None,
    kind: str,
) -> None:
    net = Bright()
    predict_volume(model(net, window, narrow), Volume(misleading(shape, kind), np.eye(4)))
    # Of a few windows, one more is looked through if a short one showed a steady tube.
    sliding = sliding_voxels(shape, window)
    one_more = int(np.prod(window)) if sliding < 5 * np.prod(window) and kind == "short tubes" else 0
    assert net.looked_at <= MOST * sliding + one_more


def test_sliding_windows_are_counted_as_they_slide() -> None:
    for shape in ((87, 100, 110), (33, 48, 64), (40, 60, 60), (20, 20, 20)):
        net = Bright()
        predict_grid(net, np.ones(shape, np.float32), window=(32, 48, 64), activation="clip")
        assert net.looked_at == sliding_voxels(shape, (32, 48, 64))
