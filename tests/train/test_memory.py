"""How much memory a training takes is said before it is taken."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from softcord.nets.unet import UNet
from softcord.train.memory import training_bytes

STRIDES = ((1, 1, 1), (2, 2, 2), (2, 2, 2))

# Trains two steps and prints the most memory that the process held, in bytes.
TRAIN = """
import torch
from softcord.losses.awing import AdaptiveWingLoss
from softcord.losses.deep import DeepSupervisionLoss
from softcord.nets.unet import UNet
torch.set_num_threads(1)
def held():
    # Of this program alone: what getrusage says begins with the peak of the process that started it.
    (line,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    return 1024 * int(line.split()[1])
before = held()
net, loss = UNet((16, 32, 64), %r).train(), DeepSupervisionLoss(AdaptiveWingLoss())
optimizer = torch.optim.Adam(net.parameters())
for _ in range(2):
    optimizer.zero_grad()
    loss(net(torch.rand(2, 1, 64, 64, 64)), torch.zeros(2, 1, 64, 64, 64)).backward()
    optimizer.step()
print(held() - before)
"""


def empty(features: tuple[int, ...] = (16, 32, 64)) -> UNet:
    with torch.device("meta"):
        return UNet(features, STRIDES)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not say its peak memory")
def test_the_estimate_is_near_what_a_training_takes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRAIN % (STRIDES,)], capture_output=True, text=True, check=True
    )
    program = training_bytes(empty((1, 1, 1)), (8, 8, 8), 1)
    estimate = training_bytes(empty(), (64, 64, 64), 2) - program
    assert 0.6 < estimate / float(done.stdout) < 1.7


@pytest.mark.parametrize("batch_size", [2, 8])
def test_it_grows_with_batch_patch_and_precision(batch_size: int) -> None:
    one = training_bytes(empty(), (32, 32, 32), 1)
    more = training_bytes(empty(), (32, 32, 32), batch_size)
    assert more > one
    assert training_bytes(empty(), (64, 32, 32), batch_size) > more
    assert training_bytes(empty(), (32, 32, 32), batch_size, bytes_per_value=2) < more
