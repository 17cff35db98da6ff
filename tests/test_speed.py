"""A bar in seconds fails for what is slow, not for a machine that is."""

import time
from collections.abc import Callable

import pytest

from tests import speed


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A machine that is twice as slow as the one of the bars, and the seconds that it has spent."""
    spent = [0.0]

    def work() -> None:
        spent[0] += 2 * speed._FIXED_WORK_S

    monkeypatch.setattr(speed, "_spent_s", lambda: spent[0])
    monkeypatch.setattr(speed, "_fixed_work", work)
    return spent


def spend(clock: list[float], *seconds: float) -> Callable[[], None]:
    each = iter(seconds)

    def action() -> None:
        clock[0] += next(each)

    return action


def test_a_machine_of_half_the_speed_gets_twice_the_time(clock: list[float]) -> None:
    speed.assert_within(5, spend(clock, 9.9))


def test_one_of_three_tries_is_enough_and_three_are_not_waited_for(clock: list[float]) -> None:
    speed.assert_within(5, spend(clock, 11, 9))


def test_what_is_too_slow_each_time_fails_and_says_how_slow(clock: list[float]) -> None:
    with pytest.raises(
        AssertionError, match=r"over 5 s: 11\.00 s where fixed work takes 2\.0 times as long;"
    ):
        speed.assert_within(5, spend(clock, 11, 12, 13))


def test_a_machine_of_twice_the_speed_gets_no_less_time_than_the_bar(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "_fixed_work", spend(clock, *[speed._FIXED_WORK_S / 2] * 6))
    speed.assert_within(5, spend(clock, 4.9, 4.9, 4.9))


def test_seconds_are_those_of_the_processor_and_of_programs_that_were_waited_for() -> None:
    assert speed._processor_s(lambda: time.sleep(0.05)) < 0.04
    assert speed._processor_s(speed._fixed_work) > speed._FIXED_WORK_S / 10
