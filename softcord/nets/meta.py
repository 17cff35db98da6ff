"""Nets without numbers: on torch's meta device, where they take neither time nor memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


class _StepsHaveNumbers(TorchFunctionMode):
    """Leaves ``torch.linspace`` its numbers: some nets read settings of their layers from one (SwinUNETR)."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call ``func``; on the processor where it is ``linspace``."""
        chosen = dict(kwargs or {})
        if func is torch.linspace:
            chosen["device"] = "cpu"
        return func(*args, **chosen)


@contextmanager
def without_numbers() -> Iterator[None]:
    """Build nets on the meta device.

    >>> import torch
    >>> with without_numbers():
    ...     net = torch.nn.Conv3d(1, 4096, 9)
    >>> net.weight.is_meta
    True
    """
    with torch.device("meta"), _StepsHaveNumbers():
        yield
