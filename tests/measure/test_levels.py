import numpy as np
import pytest

from softcord.errors import DataError, UsageError
from softcord.io.nifti import Volume
from softcord.measure.level_text import format_levels, parse_levels
from softcord.measure.levels import levels_from_discs, levels_from_image
from tests.measure.drawn_cords import draw_cord, rpi_affine, tilted, turn

CORD = draw_cord(tilted(0, 15), (1.0, 1.0, 2.0), length_mm=60).softseg  # 30 slices


def discs(places: dict[int, int], behind: int = 8, like: Volume = CORD) -> Volume:
    """Disc labels behind the middle of the cord, at slices."""
    data = np.zeros(like.data.shape, dtype=np.float32)
    for disc, z in places.items():
        y = np.average(np.arange(data.shape[1]), weights=like.data[:, :, z].sum(axis=0))
        data[data.shape[0] // 2, max(0, int(y) - behind), z] = disc
    return Volume(data, like.affine)


def test_a_level_lies_between_its_disc_above_and_the_next_below() -> None:
    found = levels_from_discs(CORD, discs({3: 24, 4: 16, 5: 6}, behind=0))
    expected = [5] * 7 + [4] * 10 + [3] * 8 + [2] * 5  # a slice that carries a disc is of the level below it
    assert found.level.tolist() == expected
    assert found.whole == (3, 4)
    assert found.findings == ()


def test_a_disc_behind_the_tilted_cord_goes_to_the_nearest_point_of_its_centreline() -> None:
    at_cord = levels_from_discs(CORD, discs({3: 24, 4: 16}, behind=0)).level
    behind = levels_from_discs(CORD, discs({3: 24, 4: 16}, behind=8)).level
    # The cord leans to the front going up, so what lies behind it is nearest to a point further down:
    # 8 mm behind at 15 degrees is 8 sin 15 cos 15 = 2 mm, one slice.
    assert np.flatnonzero(behind == 3)[0] == np.flatnonzero(at_cord == 3)[0] - 1


def test_levels_do_not_depend_on_how_mask_and_discs_are_stored() -> None:
    labels = discs({3: 24, 4: 16, 5: 6})
    expected = levels_from_discs(CORD, labels).level.tolist()
    turned = levels_from_discs(
        turn(CORD, (2, 0, 1), (True, False, True)), turn(labels, (1, 0, 2), (False,) * 3)
    )
    assert turned.level.tolist() == expected


def test_a_missing_disc_is_said_and_the_level_above_reaches_through() -> None:
    found = levels_from_discs(CORD, discs({3: 26, 5: 8}, behind=0))
    assert found.level.tolist() == [5] * 9 + [3] * 18 + [2] * 3
    assert found.findings == ("disc 4 is missing, so level 3 reaches down to disc 5",)
    assert found.whole == ()


def test_repeated_misplaced_and_faraway_discs_are_said() -> None:
    twice = discs({3: 24, 4: 10})
    twice.data[:, :, 17] += discs({3: 17}).data[:, :, 17]
    assert (
        "disc 3 is marked in several places: their middle is taken" in levels_from_discs(CORD, twice).findings
    )
    wrong_way = levels_from_discs(CORD, discs({4: 24, 3: 10}))
    assert "the discs are out of order, from below: 3, 4" in wrong_way.findings
    together = discs({3: 24, 4: 12}, behind=0)
    together.data[3, :, 12] = discs({5: 12}, behind=0).data[CORD.data.shape[0] // 2, :, 12]
    assert "two discs fall on slice 12" in levels_from_discs(CORD, together).findings
    far = Volume(discs({3: 15}).data, CORD.affine + np.array([[0, 0, 0, 60], [0] * 4, [0] * 4, [0] * 4]))
    found = levels_from_discs(CORD, far)
    assert found.findings == ("disc 3 is 60 mm from the cord and left out", "no disc is near the cord")
    assert not found.level.any()


def test_a_disc_beyond_the_masks_end_does_not_bound_a_whole_level() -> None:
    short = CORD.data.copy()
    short[:, :, 20:] = 0
    found = levels_from_discs(Volume(short, CORD.affine), discs({3: 24, 4: 12, 5: 5}, behind=0))
    assert "disc 3 lies beyond the end of the mask" in found.findings
    assert found.whole == (4,)
    assert not found.level[20:].any()


def test_asked_levels_that_are_missing_or_cut_are_said() -> None:
    found = levels_from_discs(CORD, discs({3: 24, 4: 16}, behind=0))
    assert found.findings_of((2, 3, 7)) == (
        "level 2 is only partly in the image",
        "level 7 is not in the image",
    )


def test_level_image_gives_each_slice_its_mean_rounded_half_to_even() -> None:
    data = np.zeros((4, 4, 5), dtype=np.float32)
    data[0, :2, 0] = 4
    data[0, :2, 1] = (3, 4)  # 3.5 becomes 4
    data[0, :3, 2] = (3, 3, 4)
    data[0, :2, 3] = (2, 3)  # 2.5 becomes 2
    found = levels_from_image(Volume(data, rpi_affine((1, 1, 1))))
    assert found.level.tolist() == [4, 4, 3, 2, 0]
    assert found.whole == (2, 3)
    assert found.findings == ()


def test_level_image_upside_down_is_said() -> None:
    data = np.zeros((2, 2, 4), dtype=np.float32)
    data[:] = [2, 2, 3, 3]
    assert levels_from_image(Volume(data, rpi_affine((1, 1, 1)))).findings == (
        "levels are out of order, from below: 2, 3",
    )


@pytest.mark.parametrize(
    ("value", "what"), [(0, "holds no disc"), (2.5, "whole numbers"), (50, "holds no disc")]
)
def test_useless_disc_labels_are_refused(value: float, what: str) -> None:
    data = np.zeros(CORD.data.shape, dtype=np.float32)
    data[3, 3, 3] = value
    with pytest.raises(DataError, match=what):
        levels_from_discs(CORD, Volume(data, CORD.affine))


def test_an_empty_mask_has_no_levels() -> None:
    found = levels_from_discs(Volume(np.zeros_like(CORD.data), CORD.affine), discs({3: 15}))
    assert not found.level.any()
    assert found.findings == ("the mask is empty",)


@pytest.mark.parametrize(
    ("text", "levels"),
    [("2:3", (2, 3)), ("2,5", (2, 5)), ("2:4,7", (2, 3, 4, 7)), ("3", (3,)), ("3,3", (3,))],
)
def test_levels_are_read_as_sct_users_write_them(text: str, levels: tuple[int, ...]) -> None:
    assert parse_levels(text) == levels


@pytest.mark.parametrize("text", ["", "C2", "3:2", "2:", "2-3"])
def test_unreadable_levels_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="Write 2:3"):
        parse_levels(text)


@pytest.mark.parametrize(("levels", "text"), [((2, 3), "2:3"), ((3,), "3"), ((2, 3, 5), "2:3;5"), ((), "")])
def test_levels_are_written_as_sct_does(levels: tuple[int, ...], text: str) -> None:
    assert format_levels(levels) == text
