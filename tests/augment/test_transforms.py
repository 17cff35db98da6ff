"""Each transform against a result known beforehand."""

import numpy as np
import pytest
import torch
from monai.transforms import Affine as MonaiAffine
from monai.transforms import RandBiasField
from scipy import ndimage

from softcord.augment.affine import Affine, AffineParams, sampling_matrix
from softcord.augment.bias_field import BiasField
from softcord.augment.brightness import Brightness
from softcord.augment.elastic import ElasticParams, displacement
from softcord.augment.flip import Flip
from softcord.augment.gamma import Gamma
from softcord.augment.low_resolution import LowResolution
from softcord.augment.mixture import Mixture
from softcord.augment.noise import Noise, NoiseParams
from softcord.augment.perturbation import Perturbation, PerturbationParams
from softcord.augment.scaling import Scaling
from softcord.augment.sharpening import Sharpening, SharpeningParams
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
        how: np.abs(
            centre_of(LowResolution(1, (0.5, 1), how).apply(volume, (0.5, 0.5, 0.5))) - (19.3, 20.1, 18.7)
        ).max()
        for how in ("mean", "nearest")
    }
    assert shifts["mean"] < 1e-3
    assert shifts["nearest"] == pytest.approx(0.5, abs=0.05)


def test_low_resolution_at_zoom_one_is_the_image_itself() -> None:
    volume = torch.rand(9, 10, 11)
    torch.testing.assert_close(
        LowResolution(1, (0.5, 1)).apply(volume, (1.0, 1.0, 1.0)), volume, atol=1e-6, rtol=0
    )


def test_low_resolution_of_one_axis_leaves_the_others_sharp() -> None:
    thick = LowResolution(1, (0.25, 0.25), axes="one")
    drawn = [thick.draw(np.random.default_rng(seed)) for seed in range(30)]
    assert set(drawn) == {(0.25, 1.0, 1.0), (1.0, 0.25, 1.0), (1.0, 1.0, 0.25)}
    lines = torch.zeros(12, 12, 12)
    lines[:, :, 6] = 1
    blurred = thick.apply(lines, (1.0, 1.0, 0.25))
    assert blurred[0, 0].max() < 0.5
    torch.testing.assert_close(thick.apply(lines, (0.25, 1.0, 1.0)), lines)


def test_affine_takes_a_range_for_each_axis() -> None:
    affine = Affine(1, (0, 0), ((0.1, 0.2), (0.3, 0.4), (-0.5, -0.4)), (0, 0))
    scaling = np.array([affine.draw(np.random.default_rng(s), (8, 8, 8)).scaling for s in range(50)])
    assert (scaling.min(axis=0) >= (0.1, 0.3, -0.5)).all()
    assert (scaling.max(axis=0) <= (0.2, 0.4, -0.4)).all()


def test_scaling_of_the_grid_shrinks_as_monai_does_and_mirrors_below_minus_one() -> None:
    rng = np.random.default_rng(0)
    image = torch.from_numpy(ndimage.gaussian_filter(rng.random((16, 20, 12)), 1).astype(np.float32))
    for steps in ((1.3, 0.7, 1.0), (1.2, -0.6, 1.0)):
        change = tuple((step - 1, step - 1) for step in steps)
        drawn = Affine(1, (0, 0), change, (0, 0), scaling_of="grid").draw(rng, (16, 20, 12))
        ours = warp(image, image, sampling_matrix(drawn), None)[0]
        theirs = MonaiAffine(scale_params=steps, padding_mode="reflection", image_only=True)(image[None])[0]
        # Beyond the borders the two mirror differently.
        np.testing.assert_allclose(ours.numpy()[2:-2], np.asarray(theirs)[2:-2], atol=1e-4)


def test_a_label_map_is_moved_without_inventing_labels() -> None:
    labels = torch.randint(0, 4, (16, 16, 16)).float() * 7
    matrix = sampling_matrix(AffineParams((20, 10, 5), (0.1, 0.0, -0.2), (1, 2, 0.5)))
    moved, softseg = warp(labels, (labels == 7).float(), matrix, None, nearest=True)
    assert set(moved.unique().tolist()) <= {0.0, 7.0, 14.0, 21.0}
    assert len(softseg.unique()) > 4


def test_sharpening_adds_what_a_gaussian_takes_away() -> None:
    image = torch.rand(24, 26, 28)
    ours = Sharpening(1, (10, 30)).apply(image, SharpeningParams(15.0, 0.7))
    fine = ndimage.gaussian_filter(image.numpy(), 0.7, truncate=8)
    expected = fine + 15 * (fine - ndimage.gaussian_filter(fine, 0.5, truncate=8))
    np.testing.assert_allclose(ours[8:-8, 8:-8, 8:-8], expected[8:-8, 8:-8, 8:-8], atol=1e-3)


def test_sharpening_leaves_flat_regions_alone_and_overshoots_at_edges() -> None:
    step = torch.zeros(20, 6, 6)
    step[10:] = 1
    sharp = Sharpening(1, (10, 30)).apply(step, SharpeningParams(10.0, 0.5))
    torch.testing.assert_close(sharp[:4], step[:4], atol=1e-4, rtol=0)
    assert sharp.max() > 1.2
    assert sharp.min() < -0.2


def test_brightness_and_perturbation_change_every_voxel_alike() -> None:
    image = torch.rand(4, 5, 6)
    torch.testing.assert_close(Brightness(1, (-0.1, 0.1)).apply(image, 0.07), image + 0.07)
    perturbed = Perturbation(1, (-0.1, 0.1), (-0.1, 0.1)).apply(image, PerturbationParams(0.1, -0.05))
    torch.testing.assert_close(perturbed, 1.1 * image - 0.05)


def test_a_mixture_draws_each_class_from_its_own_gaussian() -> None:
    classes = torch.zeros(30, 30, 30)
    classes[10:20], classes[20:] = 3, 255
    mixture = Mixture((5.0, 10.0), (0.1, 0.5))
    drawn = mixture.draw(np.random.default_rng(3))
    image = mixture.apply(classes, drawn)
    for label in (0, 3, 255):
        values = image[classes == label]
        assert values.mean().item() == pytest.approx(drawn.means[label], abs=0.02)
        assert values.std().item() == pytest.approx(drawn.deviations[label], rel=0.05)
    assert torch.equal(image, mixture.apply(classes, drawn))
    assert mixture.draw(np.random.default_rng(4)).means[3] != drawn.means[3]


def test_classes_of_one_structure_share_a_gaussian_and_so_do_all_that_are_in_none() -> None:
    classes = torch.arange(6.0).reshape(6, 1, 1).expand(6, 20, 20)
    mixture = Mixture((5.0, 10.0), (0.0, 0.0), structures=((4, 5), (2,)))
    drawn = mixture.draw(np.random.default_rng(3))
    of_class = mixture.apply(classes, drawn)[:, 0, 0].tolist()
    rest, cord, csf = drawn.means[:3]
    assert of_class == pytest.approx([rest, rest, csf, rest, cord, cord])
    with pytest.raises(ValueError, match="each in one group"):
        Mixture((5.0, 10.0), (0.0, 0.0), structures=((4, 5), (5,)))


def test_a_mixture_is_never_darker_than_black() -> None:
    mixture = Mixture((0.0, 0.1), (1.0, 1.0))
    assert mixture.apply(torch.ones(9, 9, 9), mixture.draw(np.random.default_rng(0))).min() == 0


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
