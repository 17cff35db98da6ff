"""What a command searches: intervals, ranges and choices; each value of a comma list has its own search."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.types import ChoiceSweep, Override, RangeSweep

from softcord.app.config.compose import Overrides, parse
from softcord.errors import UsageError
from softcord.sweep.search import Options, Parameter, Range


@dataclass(frozen=True)
class SearchSpace:
    """``conditions``, the fixed overrides of one search each, and the ``parameters`` that all vary."""

    conditions: tuple[Overrides, ...]
    parameters: Mapping[str, Parameter]

    def ends(self) -> Iterator[Overrides]:
        """Yield, for every condition, overrides that reach each end of each parameter."""
        for condition in self.conditions:
            first = {key: parameter.ends[0] for key, parameter in self.parameters.items()}
            for key, parameter in self.parameters.items():
                for value in parameter.ends:
                    yield (*condition, *as_overrides({**first, key: value}))


def as_overrides(values: Mapping[str, object]) -> Overrides:
    """Write values as they are typed."""
    return tuple(f"{key}={value}" for key, value in values.items())


def read_search_space(arguments: Sequence[str], params: Mapping[str, str]) -> SearchSpace:
    """Read what to search from the command line and, where it says nothing else, from an experiment's params.

    ``interval(2,20)``, ``tag(log,interval(0.1,4))``, ``int(interval(1,8))``, ``range(0,1,step=0.1)`` and
    ``choice(a,b)`` are parameters; ``a,b`` makes two searches.

    Raises:
        UsageError: nothing is searched, or a malformed override.
    """
    given = {one.get_key_element(): one for one in parse(arguments)}
    swept = parse(as_overrides(params))
    overrides = {**{one.get_key_element(): one for one in swept}, **given}
    parameters = {key: _parameter(one) for key, one in overrides.items() if _is_parameter(one)}
    if not parameters:
        hint = "Say what to search, for example 'loss.omega=interval(2,20)'"
        raise UsageError("hydra/sweeper=softcord_optuna", "has nothing to search", hint)
    fixed = [
        [f"{key}={value}" for value in one.sweep_string_iterator()]
        if one.is_sweep_override()
        else [str(one.input_line)]
        for key, one in overrides.items()
        if key not in parameters
    ]
    return SearchSpace(tuple(itertools.product(*fixed)), parameters)


def _is_parameter(override: Override) -> bool:
    value = override.value()
    return override.is_sweep_override() and not (isinstance(value, ChoiceSweep) and value.simple_form)


def _parameter(override: Override) -> Parameter:
    key, sweep = override.get_key_element(), override.value()
    if isinstance(sweep, ChoiceSweep):
        return Options(tuple(override.sweep_string_iterator()))
    return _steps(key, sweep) if isinstance(sweep, RangeSweep) else _interval(key, sweep)


def _steps(key: str, sweep: Any) -> Range:
    numbers = list(sweep.range())
    if not numbers:
        raise UsageError(key, "the range holds no value", "For example range(0,1,step=0.1)")
    low, high, is_log = min(numbers), max(numbers), "log" in sweep.tags
    if is_log:
        raise UsageError(key, "a range has even steps, no logarithmic ones", "Write tag(log,interval(a,b))")
    return Range(low, high, step=abs(sweep.step))


def _interval(key: str, sweep: Any) -> Range:
    low, high, is_log = sweep.start, sweep.end, "log" in sweep.tags
    if not low < high or (is_log and low <= 0):
        needed = "0 < low < high" if is_log else "low < high"
        raise UsageError(key, f"needs {needed}, got the interval from {low} to {high}")
    return Range(low, high, is_log)
