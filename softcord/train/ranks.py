"""Several processes that share every batch (DDP): this one and those it starts for the time of a training."""

import logging
import multiprocessing
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import distributed

from softcord.processes.parallel import end_with_parent
from softcord.processes.program import environment
from softcord.train.settings import MachineSettings, TrainerSettings

_JOIN_TIMEOUT_S = 30.0


def n_ranks(
    trainer: TrainerSettings, machine: MachineSettings, batch_size: int, n_train: int, n_val: int
) -> int:
    """Return how many processes can share the batches without changing what is learnt.

    At most ``trainer.devices``. Every rank gets the same number of samples of every training batch, also of
    the last and smaller one, and at least one whole validation batch.
    """
    is_gpu = machine.accelerator != "cpu" and torch.cuda.is_available()
    most = (torch.cuda.device_count() if is_gpu else 2) if trainer.devices == "auto" else trainer.devices
    val_batches = -(-n_val // batch_size)
    fitting = (
        n
        for n in range(most, 1, -1)
        if batch_size % n == 0 and (n_train % batch_size) % n == 0 and val_batches >= n
    )
    return next(fitting, 1)


@contextmanager
def ranks(n: int, work: Callable[[], None]) -> Iterator[None]:
    """Run ``work``, which must be picklable, in ``n - 1`` other processes while the body runs as rank 0.

    They end when the body does, in whatever way it ends.
    """
    if n == 1:
        yield
        return
    context = multiprocessing.get_context("spawn")
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port()), "WORLD_SIZE": str(n)}
    others = [context.Process(target=_run, args=(rank, shared, os.getpid(), work)) for rank in range(1, n)]
    for other in others:
        other.start()
    try:
        with environment({**shared, "NODE_RANK": "0", "LOCAL_RANK": "0"}):
            yield
        for other in others:
            other.join(_JOIN_TIMEOUT_S)
    finally:
        for other in others:
            other.kill()
            other.join()
        # A later training in this process starts a group of its own.
        if distributed.is_initialized():
            distributed.destroy_process_group()


def _run(rank: int, shared: Mapping[str, str], parent: int, work: Callable[[], None]) -> None:
    end_with_parent(parent)
    # What there is to say, rank 0 says.
    logging.getLogger("lightning").setLevel(logging.WARNING)
    with environment({**shared, "NODE_RANK": "0", "LOCAL_RANK": str(rank)}):
        work()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
