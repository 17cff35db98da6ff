import gc

import pytest

from softcord.processes.collector import collector_paused


def test_the_collector_goes_on_as_it_was_also_after_an_error() -> None:
    @collector_paused()
    def work() -> None:
        assert not gc.isenabled()
        raise ValueError("on the way")

    for before in (gc.enable, gc.disable):
        before()
        was_enabled = gc.isenabled()
        for _ in range(2):
            with pytest.raises(ValueError, match="on the way"):
                work()
            assert gc.isenabled() == was_enabled
    gc.enable()
