from math import pi

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from softcord.phantom.anatomy import draw_anatomy


@pytest.fixture(params=range(4))
def anatomy(request):
    return draw_anatomy(np.random.default_rng(request.param), 75.0, 9.0)


def test_cord_frame_finds_the_nearest_point_of_the_centreline(anatomy):
    rng = np.random.default_rng(0)
    points = rng.uniform([-8, -5, -50], [8, 5, 35], (40, 3))
    x, y, z = points.T
    y = y + anatomy.centreline.at(z)[1]
    u, v, s = anatomy.cord_frame(x, y, z)
    for i in range(len(points)):

        def distance(height, place=(x[i], y[i], z[i])):
            cx, cy, _, _ = anatomy.centreline.at(np.float64(height))
            return np.linalg.norm(np.subtract(place, (cx, cy, height)))

        nearest = minimize_scalar(distance, bracket=(z[i] - 5, z[i] + 5), tol=1e-10)
        assert s[i] == pytest.approx(nearest.x, abs=0.02)
        assert np.hypot(u[i], v[i]) == pytest.approx(nearest.fun, abs=0.002)


def test_tabulated_centreline_equals_the_formula(anatomy):
    s = np.linspace(-150, 100, 997)
    for table, formula in zip(anatomy.centreline.near(s), anatomy.centreline.at(s), strict=True):
        np.testing.assert_allclose(table, formula, atol=1e-3)


def test_slopes_are_the_derivatives_of_the_centreline(anatomy):
    s, h = np.linspace(-60, 40, 50), 1e-4
    below, above = anatomy.centreline.at(s - h), anatomy.centreline.at(s + h)
    _, _, dx, dy = anatomy.centreline.at(s)
    np.testing.assert_allclose((above[0] - below[0]) / (2 * h), dx, atol=1e-6)
    np.testing.assert_allclose((above[1] - below[1]) / (2 * h), dy, atol=1e-6)


def test_csa_is_the_area_of_the_ellipse(anatomy):
    s = np.linspace(-60, 30, 30)
    a, b = anatomy.semi_axes_mm(s)
    np.testing.assert_allclose(pi * a * b, anatomy.csa_mm2(s))


def test_mean_csa_over_c2_c3_is_the_drawn_value(anatomy):
    s = np.linspace(anatomy.disc_s_mm[4], anatomy.disc_s_mm[2], 5001)
    assert anatomy.csa_mm2(s).mean() == pytest.approx(anatomy.csa_reference_mm2, rel=1e-3)
    assert anatomy.level_csa_mm2(2, 4) == pytest.approx(anatomy.csa_reference_mm2, rel=1e-9)


def test_the_cervical_enlargement_is_below_c3(anatomy):
    s = np.linspace(-80, 30, 500)
    widest = s[np.argmax(anatomy.csa_mm2(s))]
    assert anatomy.disc_s_mm[7] < widest < anatomy.disc_s_mm[4]


def test_discs_descend_and_c2_c3_is_the_origin(anatomy):
    heights = list(anatomy.disc_s_mm.values())
    assert heights == sorted(heights, reverse=True)
    assert anatomy.disc_s_mm[3] == 0.0


def test_disc_tips_lie_in_front_of_the_cord_level_with_their_disc(anatomy):
    for label, height in anatomy.disc_s_mm.items():
        x, y, z = (np.array([value]) for value in anatomy.disc_tip_mm(label))
        u, v, s = anatomy.cord_frame(x, y, z)
        assert s[0] == pytest.approx(height, abs=0.02)
        assert u[0] == pytest.approx(0.0, abs=0.01)
        assert v[0] > anatomy.semi_axes_mm(s)[1][0]


def test_areas_over_participants_have_the_asked_mean_and_spread():
    areas = [draw_anatomy(np.random.default_rng(seed), 75.0, 9.0).csa_reference_mm2 for seed in range(800)]
    assert np.mean(areas) == pytest.approx(75.0, abs=1.0)
    assert np.std(areas, ddof=1) == pytest.approx(9.0, abs=0.6)


def test_necks_are_oblique_enough_for_angles_to_matter():
    tilts = []
    for seed in range(100):
        anatomy = draw_anatomy(np.random.default_rng(seed), 75.0, 9.0)
        _, _, _, dy = anatomy.centreline.at(np.linspace(-17, 17, 20))
        tilts.append(np.degrees(np.arctan(np.abs(dy).mean())))
    assert 5 < np.mean(tilts) < 15
    assert np.max(tilts) < 30
