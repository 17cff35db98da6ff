"""An image of any geometry gets a soft mask in its own space."""

import numpy as np
import pytest

from softcord.io.nifti import Volume
from softcord.nets.unet import UNet
from softcord.predict.package import Model, ModelDescription, NetDescription
from softcord.predict.volume import predict_volume


@pytest.mark.parametrize("diagonal", [(1.0, 1.0, 1.0), (-0.5, -0.5, 3.0), (2.0, -0.8, -5.0)])
def test_the_mask_lies_on_the_image_and_stays_in_range(diagonal: tuple[float, float, float]) -> None:
    description = ModelDescription(
        name="test",
        net=NetDescription("softcord.nets.unet.UNet", {}),
        window_voxels=(16, 16, 16),
        activation="clip",
        rim_mm=None,
    )
    model = Model(UNet((2, 4), ((1, 1, 1), (2, 2, 2)), convs_per_stage=1), description)
    image = Volume(np.random.default_rng(0).random((18, 22, 9), dtype=np.float32), np.diag([*diagonal, 1.0]))
    softseg = predict_volume(model, image).softseg
    assert softseg.data.shape == image.data.shape
    assert softseg.data.dtype == np.float32
    assert np.array_equal(softseg.affine, image.affine)
    assert softseg.data.min() >= 0
    assert softseg.data.max() <= 1
