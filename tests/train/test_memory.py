"""How much memory a training takes is said before it is taken."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from softcord.data.resample import Shape
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


def net_of_conf(model: str) -> UNet:
    path = Path(__file__).parents[2] / "conf/model" / f"{model}.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    with torch.device("meta"):
        return UNet(**{name: value for name, value in settings.items() if name != "_target_"})


# The peak that torch counted on an H200, benchmarks/bench_training.py and docs/performance.md.
@pytest.mark.parametrize(
    ("model", "patch", "batch_size", "bytes_per_value", "peak_gb"),
    [
        ("nnunet", (64, 192, 320), 2, 4, 18.2),
        ("nnunet", (64, 192, 320), 2, 2, 9.4),
        ("small_deep", (48, 64, 128), 8, 4, 2.6),
        ("small_deep", (48, 64, 128), 8, 2, 1.3),
    ],
)
def test_the_estimate_for_a_gpu_is_within_15_percent_of_what_one_took(
    model: str, patch: Shape, batch_size: int, bytes_per_value: int, peak_gb: float
) -> None:
    estimate = training_bytes(
        net_of_conf(model), patch, batch_size, bytes_per_value=bytes_per_value, on_gpu=True
    )
    assert estimate / 1e9 == pytest.approx(peak_gb, rel=0.15)
