"""How a net is applied to windows."""

import torch
from torch import Tensor, nn

from softcord.predict.infer import Apply
from softcord.train.patches import standardise


class TowardsTheRight(nn.Module):
    """Answers with the image, moved by a voxel along R-L."""

    def forward(self, image: Tensor) -> list[Tensor]:
        return [image.roll(1, 2)]


def test_the_mirror_image_is_averaged_right_to_left_and_nowhere_else() -> None:
    window = torch.rand(1, 1, 6, 5, 4, generator=torch.Generator().manual_seed(1))
    seen = standardise(window)
    assert torch.allclose(Apply()(TowardsTheRight(), window), seen.roll(1, 2))
    both = Apply(mirror=True)(TowardsTheRight(), window)
    assert torch.allclose(both, (seen.roll(1, 2) + seen.roll(-1, 2)) / 2)
