"""One function over many items: outcomes for all, whatever happens to one."""

import os
import signal
from pathlib import Path

import pytest

from softcord.errors import DataError
from softcord.processes.parallel import parallel_map


def halve(number: int) -> int:
    if number == 3:
        raise DataError("3", "is odd")
    if number == 5:
        os._exit(1)
    return number // 2


def threads(_item: int) -> str:
    return os.environ["OMP_NUM_THREADS"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_failing_item_gives_its_error_and_stops_none_of_the_others(jobs: int) -> None:
    outcomes = {one.item: (one.value, one.error) for one in parallel_map(halve, [2, 3, 4], jobs)}
    assert outcomes == {2: (1, None), 3: (None, "3: is odd."), 4: (2, None)}


def test_a_process_that_dies_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = list(parallel_map(halve, [5, 5], jobs=2))
    assert all(one.value is None and "died" in str(one.error) for one in outcomes)
    assert len(outcomes) == 2


def test_each_process_computes_in_one_thread_and_this_one_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert [one.value for one in parallel_map(threads, [1, 2], jobs=2)] == ["1", "1"]
    assert os.environ["OMP_NUM_THREADS"] == "7"


class Add:
    """Adds a number; counts how often it is sent to another process."""

    n_sent = 0

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self, other: int) -> int:
        return self.number + other

    def __getstate__(self) -> dict[str, int]:
        type(self).n_sent += 1
        return self.__dict__


def test_what_a_function_holds_is_sent_once_to_each_process_however_many_the_items() -> None:
    assert sum(one.value or 0 for one in parallel_map(Add(1), range(20), jobs=2)) == 210
    assert 1 <= Add.n_sent <= 2


def survive_unless_five(number: int) -> int:
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_once(path: str) -> str:
    if not os.path.exists(path):
        with open(path, "w", encoding="utf-8"):
            pass
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def test_one_killed_process_costs_its_own_item_and_none_of_the_others() -> None:
    outcomes = {one.item: one for one in parallel_map(survive_unless_five, range(10), jobs=2)}
    assert sorted(outcomes) == list(range(10))
    assert [number for number, one in outcomes.items() if one.value != number] == [5]
    assert "died" in str(outcomes[5].error)


def test_an_item_whose_process_died_once_is_tried_again(tmp_path: Path) -> None:
    items = [str(tmp_path / name) for name in "abc"]
    assert [(one.value, one.error) for one in parallel_map(die_once, items, jobs=2)] == [("done", None)] * 3
