"""How many threads torch computes in: on a processor, the last bits of what is trained depend on it."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def computing_in(threads: int) -> Iterator[None]:
    """Let torch compute in so many threads while the body runs."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
