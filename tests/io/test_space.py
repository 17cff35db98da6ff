"""Which space an image is in: every way that headers go wrong has its own right answer."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softcord.errors import DataError
from softcord.io.header import open_nifti
from softcord.io.nifti import read_volume, space_of, write_like
from softcord.io.series import SeriesError
from softcord.io.space import Space, misfit, read_space
from tests.io.nifti_files import PLAIN, Affine, column, header_of, write_nifti


def turned(degrees: float, scale: float = 1.0, shift_mm: float = 0.0) -> Affine:
    angle = np.radians(degrees)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    affine: Affine = turn @ PLAIN
    affine[:3, :3] *= scale
    affine[0, 3] += shift_mm
    return affine


def space(tmp_path: Path, **header: object) -> Space:
    return open_nifti(write_nifti(tmp_path / "one.nii.gz", column(), **header)).space  # type: ignore[arg-type]


def kinds(found: Space) -> list[str]:
    return [one.what for one in found.oddities]


@given(
    st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: sum(n * n for n in q) > 0.1),
    st.tuples(*[st.floats(0.1, 5)] * 3),
    st.booleans(),
)
def test_a_qform_is_read_as_nibabel_reads_it(
    quaternion: tuple[float, ...], sizes: tuple[float, ...], mirrored: bool
) -> None:
    header = nib.Nifti1Header()
    header.set_data_shape((3, 4, 5))
    affine = np.eye(4)
    affine[:3, :3] = nib.quaternions.quat2mat(quaternion) * sizes
    affine[0, :3] *= -1 if mirrored else 1
    header.set_qform(affine, code=1)
    found = read_space(header, (3, 4, 5))
    np.testing.assert_allclose(found.affine, header.get_qform(), atol=1e-6)
    assert found.form == "qform"


def test_the_sform_counts_where_it_is_set_else_the_qform_else_the_voxel_sizes(tmp_path: Path) -> None:
    other = turned(0, shift_mm=50)
    assert space(tmp_path, sform=other, qform=PLAIN).form == "sform"
    assert np.allclose(space(tmp_path, sform=other, qform=PLAIN).affine, other)
    assert space(tmp_path, sform=None).form == "qform"
    bare = space(tmp_path, sform=None, qform=None)
    assert bare.form == "voxel sizes"
    assert kinds(bare) == ["no orientation"]
    assert np.allclose(bare.affine, nib.load(tmp_path / "one.nii.gz").affine)


@pytest.mark.parametrize(
    ("qform", "said"),
    [
        (turned(0, scale=2), "voxels of 2 x 2 x 4 and 1 x 1 x 2 mm"),
        (turned(0.2), "turned by 0.2 degrees"),
        (turned(0, shift_mm=0.5), "up to 0.5 mm apart"),
        (PLAIN * [[-1], [1], [1], [1]], "mirrored"),
    ],
)
def test_forms_that_disagree_are_said_with_what_is_used(tmp_path: Path, qform: Affine, said: str) -> None:
    found = space(tmp_path, qform=qform)
    assert kinds(found) == ["qform and sform disagree"]
    assert said in str(found.oddities[0])
    assert "the sform is used" in str(found.oddities[0])
    assert found.name == "sform, qform differs"


@pytest.mark.parametrize(
    "qform", [turned(0, scale=1.0005), turned(0.05), turned(0, shift_mm=0.09), turned(0.0001, 1.00001, 0.001)]
)
def test_forms_that_agree_within_the_tolerances_are_one_space(tmp_path: Path, qform: Affine) -> None:
    assert space(tmp_path, qform=qform).oddities == ()


def test_a_quaternion_that_is_too_long_by_rounding_is_read_and_said(tmp_path: Path) -> None:
    fields = {"quatern_b": 0.6, "quatern_c": 0.8, "quatern_d": np.sqrt(1.3e-6)}
    found = space(tmp_path, sform=None, fields=fields)
    assert kinds(found) == ["rounded quaternion"]
    assert np.allclose(np.linalg.norm(found.affine[:3, :3], axis=0), [1, 1, 2])


def test_a_quaternion_that_is_none_gives_way_to_the_sform_or_is_refused(tmp_path: Path) -> None:
    fields = {"quatern_b": 0.9, "quatern_c": 0.8}
    found = space(tmp_path, fields=fields)
    assert (found.form, kinds(found)) == ("sform", ["unusable qform"])
    with pytest.raises(DataError, match=r"its qform is no rotation.*Copy the header of the image"):
        _ = space(tmp_path, sform=None, fields=fields)


def test_an_sform_of_zeros_gives_way_to_the_qform_or_is_refused(tmp_path: Path) -> None:
    zeros = {f"srow_{one}": [0, 0, 0, 0] for one in "xyz"}
    found = space(tmp_path, fields=zeros)
    assert (found.form, kinds(found)) == ("qform", ["unusable sform"])
    assert "its sform is all zeros; the qform is used" in str(found.oddities[0])
    assert np.allclose(found.affine, PLAIN)
    with pytest.raises(DataError, match="its sform is all zeros"):
        _ = space(tmp_path, qform=None, fields=zeros)
    with pytest.raises(DataError, match="its sform holds NaN"):
        _ = space(tmp_path, qform=None, fields={"srow_y": [0, np.nan, 0, 0]})


@pytest.mark.parametrize(
    ("affine", "said"),
    [
        (np.diag([-0.0005, 0.0005, 0.002, 1]), "its sform gives voxels of 0.0005 x 0.0005 x 0.002 mm"),
        (np.diag([-1.0, 1, 500, 1]), "outside 0.01 to 100 mm"),
        (PLAIN @ [[1, 0, 5, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], "its sform is singular"),
        (np.diag([-1.0, 1, 0, 1]), "its sform gives voxels of 1 x 1 x 0 mm"),
    ],
)
def test_voxels_that_no_image_has_give_way_to_the_other_form_or_are_refused(
    tmp_path: Path, affine: Affine, said: str
) -> None:
    assert kinds(space(tmp_path, sform=affine)) == ["unusable sform"]
    with pytest.raises(DataError, match=said):
        _ = space(tmp_path, sform=affine, qform=None)


def test_a_mask_is_held_against_its_image_by_both_forms(tmp_path: Path) -> None:
    moved = turned(0, shift_mm=5)
    image = space(tmp_path)
    assert misfit(image, space(tmp_path, qform=None)) is None
    elsewhere = misfit(image, space(tmp_path, sform=moved, qform=moved))
    assert elsewhere is not None
    assert (elsewhere.what, elsewhere.fits_as_used) == ("lies up to 5 mm off its image by the sform", False)
    by_qform = misfit(image, space(tmp_path, qform=moved))
    assert by_qform is not None
    assert by_qform.fits_as_used
    assert "5 mm off its image by the qform, though they fit by the sform" in by_qform.what
    by_sform = misfit(image, space(tmp_path, sform=moved))
    assert by_sform is not None
    assert not by_sform.fits_as_used
    assert "though they fit by the qform" in by_sform.what


@pytest.mark.parametrize("axes", [(), (1,), (1, 1), (1, 1, 1, 1)])
def test_axes_of_length_one_at_the_end_mean_nothing(tmp_path: Path, axes: tuple[int, ...]) -> None:
    data = column()
    volume = read_volume(write_nifti(tmp_path / "one.nii.gz", data.reshape(*data.shape, *axes)))
    assert np.array_equal(volume.data, data)
    assert np.allclose(volume.affine, PLAIN)


def test_a_flat_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has 2 axes \(shape 12x12\)"):
        read_volume(write_nifti(tmp_path / "flat.nii", column()[:, :, 0]))


def test_a_series_gives_the_volume_that_is_asked_for_and_else_says_what_to_do(tmp_path: Path) -> None:
    series = np.stack([column() * n for n in (1, 2, 3)], axis=-1)
    for name in ("series.nii", "series.nii.gz"):
        path = write_nifti(tmp_path / name, series)
        with pytest.raises(SeriesError, match=r"is a series of 3 volumes \(shape 12x12x8x3\)"):
            read_volume(path)
        assert np.array_equal(read_volume(path, 1).data, series[..., 1])
        assert read_volume(path, 2).data.max() == 3
        with pytest.raises(DataError, match=r"has no volume 3. It holds volumes 0 to 2"):
            read_volume(path, 3)


@pytest.mark.parametrize("endianness", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
def test_every_type_of_number_is_read_by_its_scaling(tmp_path: Path, dtype: str, endianness: str) -> None:
    stored = (column() * 100).astype(dtype)
    fields = {"scl_slope": 0.01, "scl_inter": 2.5}
    path = write_nifti(tmp_path / "one.nii.gz", stored, fields=fields, endianness=endianness)
    np.testing.assert_allclose(read_volume(path).data, column() + 2.5, rtol=1e-6)
    unscaled = write_nifti(tmp_path / "two.nii.gz", stored, endianness=endianness)
    assert np.array_equal(read_volume(unscaled).data, column() * 100)


def test_colours_and_complex_numbers_are_refused_with_the_way_out(tmp_path: Path) -> None:
    rgb = np.zeros((3, 3, 3), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    path = tmp_path / "rgb.nii"
    nib.save(nib.Nifti1Image(rgb, np.eye(4)), path)
    with pytest.raises(DataError, match=r"holds colours \(RGB\).*Convert it to grey"):
        read_volume(path)
    nib.save(nib.Nifti1Image(column().astype(np.complex64), np.eye(4)), path)
    with pytest.raises(DataError, match=r"holds complex numbers.*magnitude"):
        read_volume(path)


def test_a_file_that_is_not_what_its_name_says_is_to_be_renamed(tmp_path: Path) -> None:
    packed = write_nifti(tmp_path / "one.nii.gz", column()).rename(tmp_path / "one.nii")
    with pytest.raises(DataError, match=r"is packed with gzip, but not called \.nii\.gz\. Rename it"):
        read_volume(packed)
    plain = write_nifti(tmp_path / "two.nii", column()).rename(tmp_path / "two.nii.gz")
    with pytest.raises(DataError, match=r"is called \.gz, but is not packed"):
        read_volume(plain)


ODD_HEADERS: dict[str, dict[str, object]] = {
    "plain": {},
    "codes 2 and 3": {"fields": {"qform_code": 2, "sform_code": 3}},
    "qform only": {"sform": None},
    "sform only": {"qform": None},
    "disagreeing": {"qform": turned(3, 1.1, 4)},
    "rounded": {"sform": None, "fields": {"quatern_b": 0.6, "quatern_c": 0.8, "quatern_d": 1.1e-3}},
    "zero rows": {"fields": {f"srow_{one}": [0, 0, 0, 0] for one in "xyz"}},
    "big-endian": {"endianness": ">"},
    "negative sizes": {"fields": {"pixdim": [-1, -1, 1, -2, 0.5, 0, 0, 0]}},
    "words": {"fields": {"descrip": b"made by a scanner", "toffset": 3, "slice_duration": 0.1}},
}


@pytest.mark.parametrize("name", ODD_HEADERS)
@pytest.mark.parametrize("axes", [(), (1, 1), (4,)])
def test_a_mask_has_the_header_of_its_image_exactly(tmp_path: Path, name: str, axes: tuple[int, ...]) -> None:
    data = np.broadcast_to(column().reshape(12, 12, 8, *[1] * len(axes)), (12, 12, 8, *axes))
    header = ODD_HEADERS[name]
    image = write_nifti(tmp_path / "image.nii.gz", data.astype(np.int16), **header)  # type: ignore[arg-type]
    write_like(tmp_path / "mask.nii.gz", column() / 2, image)
    assert header_of(tmp_path / "mask.nii.gz") == header_of(image)
    mask = read_volume(tmp_path / "mask.nii.gz")
    assert np.array_equal(mask.data, column() / 2)
    assert np.array_equal(mask.affine, open_nifti(image).affine)
    assert space_of(mask).oddities == open_nifti(image).space.oddities
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image.nii.gz", "mask.nii.gz"]
