import multiprocessing
import os
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from softcord.data.cache import CachedVolume, CacheSettings, Pair, prepare_all, prepare_volume
from softcord.errors import DataError
from softcord.io.nifti import write_volume
from tests.speed import assert_within

AFFINE = np.diag([-0.8, 0.8, 2.0, 1.0])


def make_pair(folder: Path, seed: int = 0) -> Pair:
    rng = np.random.default_rng(seed)
    image = rng.random((10, 12, 6)).astype(np.float32) * 900 + 50
    softseg = np.zeros_like(image)
    softseg[4:7, 5:8] = rng.random((3, 3, 6))
    softseg[5, 6] = 1
    paths = folder / f"sub-{seed:02}_T2w.nii.gz", folder / f"sub-{seed:02}_T2w_label-SC_softseg.nii.gz"
    write_volume(paths[0], image, AFFINE)
    write_volume(paths[1], softseg, AFFINE)
    return paths


def rewrite(path: Path, change: dict[str, object]) -> None:
    image = nib.load(path)
    write_volume(path, change.get("data", image.get_fdata()), change.get("affine", image.affine))


def as_bytes(volume: CachedVolume) -> list[bytes]:
    assert volume.softseg is not None
    assert volume.cord is not None
    return [path.read_bytes() for path in (volume.image, volume.softseg, volume.cord)]


def test_image_is_scaled_and_the_label_stays_soft(tmp_path: Path) -> None:
    volume = prepare_volume(*make_pair(tmp_path), tmp_path / "cache")
    image, softseg, cord = (np.load(p) for p in (volume.image, volume.softseg, volume.cord))
    assert image.shape == softseg.shape == (8, 10, 12)
    assert image.min() == 0
    assert image.astype(np.float32).std() == pytest.approx(1, abs=1e-3)
    assert 0 <= softseg.min() < softseg.max() <= 1
    assert ((softseg > 0.1) & (softseg < 0.9)).any()
    assert (softseg[tuple(cord.T)] > 0.5).all()


def test_a_label_that_fills_a_large_volume_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, label = make_pair(tmp_path)
    filled = int(np.count_nonzero(nib.load(label).get_fdata()))
    monkeypatch.setattr("softcord.io.masks.MOST_VOXELS", filled - 1)
    with pytest.raises(DataError, match="an image rather than a mask"):
        prepare_volume(image, label, tmp_path / "cache")


def test_central_crop_keeps_at_most_the_box(tmp_path: Path) -> None:
    pair = make_pair(tmp_path)
    whole = np.load(prepare_volume(*pair, tmp_path / "cache").softseg)
    cropped = np.load(prepare_volume(*pair, tmp_path / "cache", CacheSettings(crop_mm=(4, 4, 99))).softseg)
    np.testing.assert_array_equal(cropped, whole[2:6, 3:7])


def test_second_time_nothing_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [make_pair(tmp_path, seed) for seed in range(3)]
    first = prepare_all(pairs, tmp_path / "cache")
    for reader in ("read_volume", "read_mask"):
        monkeypatch.setattr(f"softcord.data.cache.{reader}", lambda _: pytest.fail("read a file again"))
    monkeypatch.setattr("hashlib.file_digest", lambda *_: pytest.fail("hashed a file again"))
    assert prepare_all(pairs, tmp_path / "cache") == first


def test_same_content_elsewhere_is_not_prepared_again(tmp_path: Path) -> None:
    volume = prepare_volume(*make_pair(tmp_path / "a"), tmp_path / "cache")
    assert prepare_volume(*make_pair(tmp_path / "b"), tmp_path / "cache") == volume


def test_changed_file_or_setting_gives_another_entry(tmp_path: Path) -> None:
    image, label = make_pair(tmp_path)
    before = prepare_volume(image, label, tmp_path / "cache")
    assert prepare_volume(image, label, tmp_path / "cache", CacheSettings(spacing_mm=2)).image != before.image
    rewrite(label, {"data": nib.load(label).get_fdata() * 0.9})
    after = prepare_volume(image, label, tmp_path / "cache")
    assert after.image == before.image
    assert after.softseg != before.softseg


@pytest.mark.parametrize("name", ["image.npy", "softseg.npy", "cord.npy", "entry.json"])
@pytest.mark.parametrize("damage", ["truncate", "delete", "garble"])
def test_damaged_entry_is_built_again(tmp_path: Path, name: str, damage: str) -> None:
    pair = make_pair(tmp_path)
    volume = prepare_volume(*pair, tmp_path / "cache")
    intact = as_bytes(volume)
    for path in (tmp_path / "cache").rglob(name):
        if damage == "truncate":
            os.truncate(path, path.stat().st_size // 2)
        elif damage == "delete":
            path.unlink()
        else:
            path.write_bytes(b"\x00garbage")
    (again,) = prepare_all([pair], tmp_path / "cache")
    assert again.value == volume
    assert as_bytes(volume) == intact


def test_torn_line_in_the_hash_list_costs_one_more_reading(tmp_path: Path) -> None:
    pair = make_pair(tmp_path)
    volume = prepare_volume(*pair, tmp_path / "cache")
    hashes = tmp_path / "cache" / "hashes.jsonl"
    hashes.write_text(hashes.read_text()[:-20])
    assert prepare_volume(*pair, tmp_path / "cache") == volume


def prepare_in_a_process(pairs: list[Pair], cache_dir: Path, queue: "multiprocessing.Queue[object]") -> None:
    queue.put([(o.value, o.error) for o in prepare_all(pairs, cache_dir)])


def test_four_processes_at_once_agree_and_leave_whole_entries(tmp_path: Path) -> None:
    pairs = [make_pair(tmp_path, seed) for seed in range(6)]
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    workers = [
        context.Process(target=prepare_in_a_process, args=(pairs, tmp_path / "cache", queue))
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    results = [queue.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert all(result == results[0] for result in results)
    assert all(error is None for _, error in results[0])
    for (volume, _), pair in zip(results[0], pairs, strict=True):
        assert as_bytes(volume) == as_bytes(prepare_volume(*pair, tmp_path / "alone"))
    assert not list((tmp_path / "cache").rglob("*.part"))


def test_several_jobs_give_outcomes_in_order(tmp_path: Path) -> None:
    pairs = [make_pair(tmp_path, seed) for seed in range(3)]
    names: list[str] = []
    outcomes = prepare_all(pairs, tmp_path / "cache", jobs=2, on_done=names.append)
    assert [outcome.item for outcome in outcomes] == pairs
    assert sorted(names) == [image.name for image, _ in pairs]
    assert outcomes == prepare_all(pairs, tmp_path / "cache")


def test_preparing_360_known_images_takes_under_two_seconds(tmp_path: Path) -> None:
    image, label = make_pair(tmp_path)
    pairs: list[Pair] = []
    for n in range(360):
        linked = tmp_path / f"{n}.nii.gz", tmp_path / f"{n}_softseg.nii.gz"
        os.link(image, linked[0])
        os.link(label, linked[1])
        pairs.append(linked)
    prepare_all(pairs, tmp_path / "cache")
    assert_within(2, lambda: prepare_all(pairs, tmp_path / "cache"))


@pytest.mark.parametrize(
    ("which", "change", "message"),
    [
        (1, {"data": np.zeros((10, 12, 5), dtype=np.float32)}, "has the shape"),
        (1, {"affine": np.diag([-0.8, 0.8, 2.1, 1.0])}, "lies up to 0.5 mm off its image by the sform"),
        (1, {"data": np.full((10, 12, 6), 2, dtype=np.float32)}, r"outside \[0, 1\]: 2 to 2"),
        (0, {"data": np.full((10, 12, 6), 7, dtype=np.float32)}, "is constant"),
    ],
)
def test_unusable_file_is_named_and_leaves_nothing_half_written(
    tmp_path: Path, which: int, change: dict[str, object], message: str
) -> None:
    pair = make_pair(tmp_path)
    rewrite(pair[which], change)
    with pytest.raises(DataError, match=message) as caught:
        prepare_volume(*pair, tmp_path / "cache")
    assert caught.value.where == str(pair[which])
    bad, good = prepare_all([pair, make_pair(tmp_path, 1)], tmp_path / "cache")
    assert str(pair[which]) in (bad.error or "")
    assert good.value is not None
    assert not list((tmp_path / "cache").rglob("*.part"))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        prepare_volume(tmp_path / "sub-01_T2w.nii.gz", None, tmp_path / "cache")
    (outcome,) = prepare_all([(tmp_path / "sub-01_T2w.nii.gz", None)], tmp_path / "cache")
    assert "does not exist" in (outcome.error or "")


def test_settings_out_of_range_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"^spacing_mm: "):
        CacheSettings(spacing_mm=0)
    with pytest.raises(ValueError, match=r"^crop_mm: "):
        CacheSettings(crop_mm=(0, 1, 1))
