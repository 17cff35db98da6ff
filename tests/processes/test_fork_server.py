"""The process that workers are forked from says what is wrong, and nothing of a launcher that was killed."""

from pickle import UnpicklingError

import pytest

from softcord.processes.parallel import say_nothing_of_half_a_job


@pytest.mark.parametrize(
    ("error", "is_said"),
    [
        (UnpicklingError("pickle data was truncated"), False),
        (EOFError("Ran out of input"), False),
        (ImportError("no module"), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_half_a_job_is_no_error(
    error: Exception, is_said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    say_nothing_of_half_a_job(type(error), error, None)
    assert (str(error) in capsys.readouterr().err) == is_said
