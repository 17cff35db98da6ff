"""The built-in model: what it says where there is no cord, and what it weighs."""

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from softcord.app.models.find import BUILT_IN
from softcord.app.verbs.predict import main

pytestmark = pytest.mark.skipif(not BUILT_IN.exists(), reason="this checkout has no built-in model")

SHAPE = (72, 72, 60)


def noise(rng: np.random.Generator) -> np.ndarray:
    return np.hypot(*rng.normal(0, 20, (2, *SHAPE)))


def distances_mm(centre: tuple[float, float, float], semi_axes: tuple[float, float, float]) -> np.ndarray:
    axes = np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in SHAPE), indexing="ij")
    unit = np.sqrt(sum(((x - c) / a) ** 2 for x, c, a in zip(axes, centre, semi_axes, strict=True)))
    return (unit - 1) * min(semi_axes)


def brain(rng: np.random.Generator) -> np.ndarray:
    """Scalp, skull, fluid, folded grey matter and white matter in shells, seen from inside a head."""
    head = distances_mm((0, 0, -10), (38, 44, 40))
    folds = 2 * np.sin(0.5 * np.arange(SHAPE[0]))[:, None, None] * np.sin(0.4 * np.arange(SHAPE[1]))[:, None]
    image = np.select(
        [head > 0, head > -4, head > -8, head > -10 + folds, head > -14 + folds], [5, 250, 20, 60, 140], 180
    )
    return image + noise(rng)


def knee(rng: np.random.Generator) -> np.ndarray:
    """Two bones with dark shells and cartilage, one above the other, in muscle and fat."""
    leg = np.hypot(*np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in SHAPE[:2]), indexing="ij"))[..., None]
    image = np.where(leg > 34, 5.0, np.where(leg > 28, 220.0, 90.0)) * np.ones(SHAPE)
    for centre in ((0, 0, 24), (0, 0, -24)):
        bone = distances_mm(centre, (20, 17, 21))
        image = np.select([bone < -2, bone < 0, bone < 3], [200, 15, 150], image)
    return image + noise(rng)


@pytest.mark.parametrize("draw", [noise, brain, knee])
def test_an_image_without_a_cord_gives_an_empty_mask_and_a_warning(
    draw: Callable[[np.random.Generator], np.ndarray], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = draw(np.random.default_rng(3)).astype(np.float32)
    nib.save(nib.Nifti1Image(image, np.eye(4)), tmp_path / "image.nii.gz")
    assert main(["-i", str(tmp_path / "image.nii.gz"), "-o", str(tmp_path / "mask.nii.gz")]) == 0
    assert "no cord was found" in capsys.readouterr().err
    assert not nib.load(tmp_path / "mask.nii.gz").get_fdata().any()


def test_the_built_in_model_is_at_most_10_mb() -> None:
    assert sum(path.stat().st_size for path in BUILT_IN.rglob("*")) <= 10e6
