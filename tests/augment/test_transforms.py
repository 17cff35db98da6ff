"""Each transform against a result known beforehand."""

import numpy as np
import pytest
import torch
from monai.transforms import RandBiasField
from scipy import ndimage

from softcord.augment.affine import AffineParams, sampling_matrix
from softcord.augment.bias_field import BiasField
from softcord.augment.elastic import ElasticParams, displacement
from softcord.augment.flip import Flip
from softcord.augment.gamma import Gamma
from softcord.augment.low_resolution import LowResolution
from softcord.augment.noise import Noise, NoiseParams
from softcord.augment.scaling import Scaling
from softcord.augment.smoothing import Smoothing
from softcord.augment.warp import warp

STILL = (0.0, 0.0, 0.0)


def ball(shape: tuple[int, int, int], centre: tuple[float, float, float], sd: float = 2.0) -> torch.Tensor:
    squared = sum((g - c) ** 2 for g, c in zip(np.indices(shape), centre, strict=True))
    return torch.from_numpy(np.exp(-squared / (2 * sd**2)).astype(np.float32))


def centre_of(volume: torch.Tensor) -> np.ndarray:
    return np.array(ndimage.center_of_mass(volume.numpy().astype(np.float64)))


def moved_ball(params: AffineParams, at: tuple[float, float, float]) -> torch.Tensor:
    volume = ball((31, 25, 41), at)
    return warp(volume, volume, sampling_matrix(params), None)[1]


def test_translation_moves_by_voxels_along_the_axes_named() -> None:
    moved = moved_ball(AffineParams(STILL, STILL, (3, -2, 5.5)), (15, 12, 20))
    np.testing.assert_allclose(centre_of(moved), (18, 10, 25.5), atol=1e-2)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_quarter_turn_about_an_axis_takes_the_second_axis_to_the_third(axis: int) -> None:
    rotation_deg, offset, expected = np.zeros(3), np.zeros(3), np.zeros(3)
    rotation_deg[axis], offset[(axis + 1) % 3], expected[(axis + 2) % 3] = 90, 6, 6
    volume = ball((33, 33, 33), tuple(16 + offset))
    matrix = sampling_matrix(AffineParams(tuple(rotation_deg), STILL, STILL))
    moved = centre_of(warp(volume, volume, matrix, None)[1]) - 16
    np.testing.assert_allclose(np.abs(moved), expected, atol=0.02)


def test_scaling_enlarges_along_its_axis_alone() -> None:
    moved = moved_ball(AffineParams(STILL, (0.0, 0.0, 0.5), STILL), (15, 12, 20))
    spread = [
        np.sqrt(np.average((g - c) ** 2, weights=moved))
        for g, c in zip(np.indices(moved.shape), (15, 12, 20), strict=True)
    ]
    np.testing.assert_allclose(spread, (2, 2, 3), rtol=0.05)


def test_affine_agrees_with_scipy() -> None:
    rng = np.random.default_rng(0)
    image = torch.from_numpy(ndimage.gaussian_filter(rng.random((20, 18, 22)), 1).astype(np.float32))
    matrix = sampling_matrix(AffineParams((10, -15, 20), (0.1, -0.2, 0.15), (1, -2, 0.5)))
    centre = (np.array(image.shape) - 1) / 2
    offset = centre - matrix[:, :3] @ centre + matrix[:, 3]
    expected = ndimage.affine_transform(image.numpy(), matrix[:, :3], offset, order=1, mode="mirror")
    np.testing.assert_allclose(warp(image, image, matrix, None)[0].numpy(), expected, atol=1e-4)


def test_displacement_moves_by_voxels_along_the_axis_named() -> None:
    shifts = torch.zeros(3, 2, 2, 2)
    shifts[1] = -3  # sampled 3 voxels before: content moves 3 voxels on
    volume = ball((31, 25, 41), (15, 12, 20))
    np.testing.assert_allclose(centre_of(warp(volume, volume, None, shifts)[1]), (15, 15, 20), atol=1e-2)


def test_elastic_shifts_are_those_of_smoothed_full_resolution_noise() -> None:
    sigma, magnitude, shape = 4.0, 30.0, (48, 40, 44)
    coarse = np.stack([displacement(ElasticParams(sigma, magnitude, s), shape).numpy() for s in range(6)])
    inner = coarse[:, :, 6:-6, 6:-6, 6:-6]
    noise = np.random.default_rng(0).uniform(-1, 1, (18, *shape)).astype(np.float32)
    full = magnitude * np.stack([ndimage.gaussian_filter(n, sigma) for n in noise])[:, 12:-12, 12:-12, 12:-12]
    assert inner.std() == pytest.approx(full.std(), rel=0.15)


def test_elastic_repeats_from_its_parameters() -> None:
    params = ElasticParams(4.0, 30.0, 7)
    assert torch.equal(displacement(params, (12, 12, 12)), displacement(params, (12, 12, 12)))


def test_low_resolution_keeps_the_place_unless_nearest() -> None:
    volume = ball((40, 40, 40), (19.3, 20.1, 18.7), sd=3)
    shifts = {
        how: np.abs(centre_of(LowResolution(1, (0.5, 1), how).apply(volume, 0.5)) - (19.3, 20.1, 18.7)).max()
        for how in ("mean", "nearest")
    }
    assert shifts["mean"] < 1e-3
    assert shifts["nearest"] == pytest.approx(0.5, abs=0.05)


def test_low_resolution_at_zoom_one_is_the_image_itself() -> None:
    volume = torch.rand(9, 10, 11)
    torch.testing.assert_close(LowResolution(1, (0.5, 1)).apply(volume, 1.0), volume, atol=1e-6, rtol=0)


def test_gamma_keeps_the_range_and_darkens_above_one() -> None:
    image = torch.linspace(2, 10, 27).reshape(3, 3, 3)
    darker = Gamma(1, (0.5, 3)).apply(image, 2.0)
    assert darker.min() == 2
    assert darker.max() == 10
    assert darker[1, 1, 1].item() == pytest.approx(2 + 8 * 0.25)


def test_bias_field_is_that_of_monai() -> None:
    theirs = RandBiasField(degree=3, coeff_range=(0, 0.5), prob=1).set_random_state(0)
    image = torch.rand(8, 9, 10) + 0.5
    expected = theirs(image[None].numpy())[0]
    ours = BiasField(1, (0, 0.5)).apply(image, tuple(theirs._coeff))
    np.testing.assert_allclose(ours.numpy(), np.asarray(expected), rtol=1e-4)


def test_noise_has_the_deviation_drawn() -> None:
    noisy = Noise(1, (0, 1)).apply(torch.zeros(30, 30, 30), NoiseParams(0.3, 1))
    assert noisy.std().item() == pytest.approx(0.3, rel=0.02)
    assert noisy.mean().item() == pytest.approx(0, abs=0.01)


def test_smoothing_agrees_with_scipy_inside() -> None:
    image = torch.rand(24, 26, 28)
    ours = Smoothing(1, (0, 2)).apply(image, (0.5, 1.0, 1.5))
    expected = ndimage.gaussian_filter(image.numpy(), (0.5, 1.0, 1.5), truncate=8)
    np.testing.assert_allclose(ours[7:-7, 7:-7, 7:-7], expected[7:-7, 7:-7, 7:-7], atol=1e-4)


def test_smoothing_does_not_darken_the_border() -> None:
    ones = torch.ones(8, 8, 8)
    torch.testing.assert_close(Smoothing(1, (0, 2)).apply(ones, (2.0, 2.0, 2.0)), ones)


def test_scaling_multiplies() -> None:
    assert Scaling(1, (-0.25, 1)).apply(torch.full((1, 1, 1), 2.0), 0.5).item() == 3


def test_flip_mirrors_image_and_mask() -> None:
    image, softseg = torch.rand(3, 4, 5), torch.rand(3, 4, 5)
    flipped, flipped_softseg = Flip(1).apply(image, softseg, (0, 2))
    assert torch.equal(flipped[0, 1, 0], image[2, 1, 4])
    assert torch.equal(flipped_softseg[0, 1, 0], softseg[2, 1, 4])
