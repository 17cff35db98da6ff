"""Drawn patches: determined by their seed, exact in their masks, varied as their settings say."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from softcord.synthetic.acquire import Sampling, draw_sampling
from softcord.synthetic.cord import outline_distance, partial_volume
from softcord.synthetic.lattice import Lattice
from softcord.synthetic.patch import draw_patch
from softcord.synthetic.pose import Frame, draw_frame
from softcord.synthetic.settings import SyntheticSettings
from softcord.synthetic.signals import draw_signals
from softcord.synthetic.spine import draw_spine

SETTINGS = SyntheticSettings()
SHAPE = (40, 40, 32)


def draw(*seed: int, settings: SyntheticSettings = SETTINGS, shape: tuple[int, int, int] = SHAPE):
    return draw_patch(np.random.default_rng(seed), shape, settings)


def straight_frame(shape: tuple[int, int, int]) -> Frame:
    axes = [np.arange(n, dtype=np.float32) - (n - 1) / 2 for n in shape]
    return Frame(*(np.ascontiguousarray(part) for part in np.meshgrid(*axes, indexing="ij")))


def test_the_same_seed_draws_the_same_patch_and_another_seed_another() -> None:
    image, softseg = draw(1, 2)
    again, softseg_again = draw(1, 2)
    assert np.array_equal(image, again)
    assert np.array_equal(softseg, softseg_again)
    assert not np.array_equal(image, draw(1, 3)[0])


def test_images_are_finite_and_masks_lie_between_0_and_1() -> None:
    for seed in range(60):
        image, softseg = draw(seed)
        assert image.dtype == softseg.dtype == np.float32
        assert image.shape == softseg.shape == SHAPE
        assert np.isfinite(image).all()
        assert softseg.min() >= 0
        assert softseg.max() <= 1


@pytest.mark.parametrize("shape", [(16, 16, 16), (17, 33, 8), (64, 64, 48)])
def test_patches_of_any_size_are_drawn(shape: tuple[int, int, int]) -> None:
    for seed in range(5):
        assert draw(seed, shape=shape)[0].shape == shape


def test_a_round_straight_cord_has_the_volume_that_its_formula_gives() -> None:
    spine = draw_spine(np.random.default_rng(0), replace(SETTINGS, compression=0, conus=0, medulla=0))
    radius_mm = 5.3
    even = np.full_like(spine.a, radius_mm)
    spine = replace(spine, a=even, b=even, waves=0 * spine.waves, cord_from_mm=-np.inf, cord_to_mm=np.inf)
    frame = straight_frame((21, 20, 10))
    softseg = partial_volume(spine, frame, np.arange(frame.u.size))
    areas_mm2 = softseg.sum(axis=(0, 1))
    assert areas_mm2 == pytest.approx(np.pi * radius_mm**2, rel=0.002)


def test_the_mask_is_the_share_of_each_voxel_inside_the_outline() -> None:
    # Reference: 1000 places in each voxel, inside or not, in a frame that is drawn, bent and tilted.
    rng = np.random.default_rng(4)
    frame = draw_frame(rng, Lattice(SHAPE), replace(SETTINGS, offset_mm=4.0))
    spine = draw_spine(rng, SETTINGS)
    softseg = partial_volume(spine, frame, np.arange(frame.u.size))
    voxels = np.argwhere((softseg > 0.02) & (softseg < 0.98))
    inner = voxels[((voxels > 1) & (voxels < np.array(SHAPE) - 2)).all(axis=1)][::17]
    assert len(inner) > 50
    line = (np.arange(10) + 0.5) / 10 - 0.5
    offsets = np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1).reshape(-1, 3)
    for voxel in inner:
        i, j, k = voxel
        places = []
        for field in (frame.u, frame.v, frame.s):
            cube = field[i - 1 : i + 2, j - 1 : j + 2, k - 1 : k + 2]
            slope = [np.gradient(cube, axis=axis)[1, 1, 1] for axis in range(3)]
            places.append((cube[1, 1, 1] + offsets @ np.array(slope)).astype(np.float32))
        share = (outline_distance(spine, *places) < 0).mean()
        assert softseg[i, j, k] == pytest.approx(share, abs=0.06)


def test_without_cords_every_mask_is_empty() -> None:
    settings = replace(SETTINGS, empty=1.0)
    assert all(draw(seed, settings=settings)[1].max() == 0 for seed in range(10))


def test_hard_targets_are_0_or_1() -> None:
    settings = replace(SETTINGS, soft_targets=False, empty=0.0)
    for seed in range(5):
        assert set(np.unique(draw(seed, settings=settings)[1])) <= {0.0, 1.0}


def test_soft_targets_hold_partial_volumes() -> None:
    settings = replace(SETTINGS, empty=0.0, masked_fov=0.0, offset_mm=0.0, conus=0.0)
    for seed in range(5):
        softseg = draw(seed, settings=settings)[1]
        assert ((softseg > 0.05) & (softseg < 0.95)).sum() > 0.1 * (softseg > 0.5).sum()


def test_thick_slices_average_image_and_mask_alike() -> None:
    settings = replace(SETTINGS, thick_slices=1.0, slice_mm=(6.0, 6.0), slice_gap=0.0, in_plane_mm=(1.0, 1.0))
    sampling = draw_sampling(np.random.default_rng(1), SHAPE, settings)
    thick = [axis for axis in range(3) if len(sampling.to_native[axis]) < SHAPE[axis]]
    assert len(thick) == 1
    for matrix in (*sampling.to_native, *sampling.to_grid):
        assert matrix.sum(axis=1) == pytest.approx(1, abs=1e-5)
    # A voxel's signal is spread over six millimetres and no more than two slices.
    (axis,) = thick
    assert (sampling.to_native[axis] > 0).sum(axis=1).max() <= 7
    uniform = np.full(SHAPE, 0.7, np.float32)
    assert Sampling(sampling.to_native, sampling.to_grid).of_mask(uniform) == pytest.approx(0.7, abs=1e-5)


def test_cords_have_the_sizes_of_people_and_somewhat_beyond() -> None:
    areas_mm2 = []
    for seed in range(300):
        spine = draw_spine(np.random.default_rng(seed), replace(SETTINGS, conus=0, compression=0))
        areas_mm2.append(float(np.pi * spine.a[440] * spine.b[440]))
    assert np.percentile(areas_mm2, 1) > 20
    assert np.percentile(areas_mm2, 99) < 180
    assert 45 < np.median(areas_mm2) < 80


def test_cord_and_csf_differ_by_what_is_asked_for() -> None:
    settings = replace(
        SETTINGS,
        realistic_signal=0.0,
        spoiled_gradient_echo=0.0,
        equal_grey=0.0,
        cord_csf_difference=(0.1, 0.5),
    )
    differences = [draw_signals(np.random.default_rng(seed), settings).difference for seed in range(300)]
    assert min(differences) >= 0.1 - 1e-6
    assert max(differences) <= 0.5 + 1e-6
    assert np.median(differences) == pytest.approx(np.sqrt(0.1 * 0.5), rel=0.15)


def test_either_of_cord_and_csf_may_be_the_brighter_one() -> None:
    signals = [draw_signals(np.random.default_rng(seed), SETTINGS) for seed in range(100)]
    brighter = sum(one.csf > one.white for one in signals)
    assert 30 < brighter < 90


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("empty", 1.5),
        ("noise", (0.0, 0.1)),
        ("bend_radius_mm", (10.0, 50.0)),
        ("patches_per_epoch", 0),
        ("area_spread", float("nan")),
        ("offset_mm", float("inf")),
    ],
)
def test_values_that_mean_nothing_are_refused_by_name(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{key}: "):
        replace(SETTINGS, **{key: value})


def test_the_settings_of_the_library_are_those_of_the_configuration() -> None:
    conf = Path(__file__).parents[2] / "conf/synthetic/default.yaml"
    written = yaml.safe_load(conf.read_text())
    default = asdict(SETTINGS)
    del written["_target_"], default["soft_targets"]  # conf/gt decides it
    for part in ("bias_field", "gamma"):
        del written[part]["_target_"]
    assert written == json.loads(json.dumps(default))
