"""The review page in a real browser: it opens, shows masks, and its keys rate them on disk."""

import json
import re
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import softcord
from softcord.app.verbs.correct import main as correct
from softcord.app.verbs.review import main
from softcord.data.exclude import read_exclude
from softcord.data.filehash import checksum
from softcord.report.page import Page, Review, Table, Viewer, render
from softcord.report.rating_words import RATING_WORDS, RATINGS
from softcord.review.masks import find_review_masks
from softcord.review.page import INDEX, Drawn, draw_masks, write_review_page
from softcord.review.pictures import LEVELS, review_pictures
from softcord.review.ratings import Rating, add_ratings, now, read_ratings
from softcord.review.server import ReviewServer

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
COUNT = 300
OPENS_S, KEY_MS, MOST_MB = 2.0, 100, 60
# What a rater does; what happened goes to the server as the comment of a last rating.
RATE = """
<script>
addEventListener("load", async () => {
  const root = document.getElementById("review"), failures = [];
  document.addEventListener("securitypolicyviolation", (event) => failures.push(event.blockedURI));
  const wait = (ms) => new Promise((then) => setTimeout(then, ms));
  const isShown = (name) => root.dataset.shown && root.dataset.shown !== name;
  const shown = async (name) => { while (!isShown(name)) await wait(1); };
  await shown(undefined);
  const opened = performance.now(), times = [];
  const canvas = document.getElementById("review-axial");
  const grey = () => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const isGrey = (p) => p.every((value, i) => i % 4 === 3 || value === p[i - (i % 4)]);
  const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
  const withContours = !isGrey(grey()); press("o"); const without = isGrey(grey()); press("o");
  const before = grey().join(); press("ArrowDown"); const turned = grey().join() !== before;
  press("]"); press("+");
  await wait(300);
  for (const key of ["p", "c", "f", "a", "n", "ArrowRight", "ArrowRight", "ArrowRight"]) {
    const name = root.dataset.shown, start = performance.now();
    press(key); await shown(name); times.push(performance.now() - start);
    await wait(30);
  }
  while (document.getElementById("review-state").textContent !== "saved") await wait(10);
  const wide = document.documentElement.scrollWidth <= innerWidth;
  const told = JSON.stringify({ opened, times, withContours, without, turned, wide, failures });
  const first = JSON.parse(document.getElementById("review-data").textContent).entries[0];
  const last = { mask: first.mask, rater: "the test", rating: "pass", comment: told };
  await fetch("rate", { method: "POST", body: JSON.stringify(last) });
});
</script>
"""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two images in a BIDS folder, their masks in derivatives/softcord-x."""
    root = tmp_path_factory.mktemp("bids")
    drawn = softcord.phantom_participant(contrasts=["T1w", "T2w"])
    for contrast, image in drawn.images.items():
        stem = f"sub-001/anat/sub-001_{contrast}"
        softcord.write_volume(root / f"{stem}.nii.gz", image.data.astype(np.int16), image.affine)
        mask = drawn.truth_softsegs[contrast]
        path = root / "derivatives" / "softcord-x" / f"{stem}_label-SC_softseg.nii.gz"
        softcord.write_volume(path, mask.data, mask.affine)
    return root


@pytest.fixture(scope="module")
def many(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Drawn]]:
    """A page of COUNT masks, each with a file of its own."""
    folder = tmp_path_factory.mktemp("page")
    few = draw_masks(find_review_masks(dataset), dataset, folder)
    drawn = []
    for number in range(COUNT):
        one = few[number % len(few)]
        key = f"{number:04d}"
        script = (folder / one.file).read_text().replace(Path(one.file).stem, key)
        (folder / "pictures" / f"{key}.js").write_text(script)
        name = f"sub-{number:03d}_{one.contrast}"
        drawn.append(
            Drawn(name, f"m/{name}", "", "", one.contrast, f"pictures/{key}.js", number / COUNT, ("odd <b>",))
        )
    write_review_page(folder, drawn, [], "many & more", rater="Ada", is_served=True)
    return folder, drawn


@pytest.fixture
def server(many: tuple[Path, list[Drawn]], tmp_path: Path) -> Iterator[ReviewServer]:
    folder, drawn = many
    started = ReviewServer(folder, tmp_path / "qc.tsv", {one.mask: one.name for one in drawn})
    threading.Thread(target=started.serve_forever, daemon=True).start()
    yield started
    started.shutdown()
    started.server_close()


def visit(url: str, table: Path, width: int, profile: Path) -> dict[str, object]:
    """Let headless Chromium open a page that rates by itself; return what it said at the end."""
    assert CHROMIUM is not None
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--no-first-run",
    ]
    command = [CHROMIUM, *flags, f"--window-size={width},900", "--remote-debugging-port=0"]
    browser = subprocess.Popen(
        [*command, f"--user-data-dir={profile}", url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            said = [one for one in read_ratings(table) if one.rater == "the test"]
            if said:
                found: dict[str, object] = json.loads(said[0].comment)
                return found
            time.sleep(0.1)
        raise AssertionError("the browser said nothing in a minute")
    finally:
        browser.terminate()
        browser.wait()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (apt-get install chromium)")
@pytest.mark.parametrize("width", [1400, 800])
def test_300_masks_open_at_once_and_keys_rate_them_on_disk(
    many: tuple[Path, list[Drawn]], server: ReviewServer, tmp_path: Path, width: int
) -> None:
    folder, drawn = many
    page = folder / INDEX
    write_review_page(folder, drawn, [], "many & more", rater="Ada", is_served=True)
    page.write_text(page.read_text().replace("</body>", RATE + "</body>"))
    told = visit(server.url, tmp_path / "qc.tsv", width, tmp_path / "profile")
    assert told["failures"] == []
    assert told["withContours"]
    assert told["without"]
    assert told["turned"]
    assert told["wide"], "the page is wider than its window"
    # Four times the bars: other programs may be at work on the machine of a test.
    assert float(str(told["opened"])) < 4e3 * OPENS_S
    times = told["times"]
    assert isinstance(times, list)
    assert np.median(times) < 4 * KEY_MS
    rated = {one.image: one.rating for one in read_ratings(tmp_path / "qc.tsv") if one.rater == "Ada"}
    assert rated == dict(zip((one.name for one in drawn[:4]), RATINGS, strict=True))
    lists = {path.name: list(read_exclude(path).reasons) for path in tmp_path.glob("qc_*.yml")}
    by_rating = {"correct": drawn[1], "fail": drawn[2], "artefact": drawn[3]}
    assert lists == {f"qc_{rating}.yml": [one.name] for rating, one in by_rating.items()}


def test_300_masks_stay_below_60_mb(many: tuple[Path, list[Drawn]]) -> None:
    assert sum(path.stat().st_size for path in many[0].rglob("*")) < MOST_MB * 1e6


def ask(url: str, content: bytes | None = None, host: str | None = None) -> int:
    request = urllib.request.Request(url, data=content, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_the_server_gives_nothing_but_the_page_and_only_to_who_knows_its_token(server: ReviewServer) -> None:
    base = server.url.removesuffix(INDEX)
    assert server.url.startswith("http://127.0.0.1:")
    assert ask(server.url) == 200
    assert ask(server.url.replace(server.token, "guess")) == 403
    assert ask(server.url, host="evil.example:80") == 403
    for name in (
        "pictures/../../qc.tsv",
        "../qc.tsv",
        "pictures/..%2f..%2fqc.tsv",
        "pictures/",
        "qc.tsv",
        "//etc/passwd",
    ):
        assert ask(base + name) == 404, name


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no json",
        b"[]",
        b"x" * 30_000,
        b'{"mask": "m/elsewhere", "rater": "A", "rating": "pass"}',
        b'{"mask": "%s", "rater": "A", "rating": "<script>"}',
        b'{"mask": "%s", "rater": " ", "rating": "pass"}',
    ],
)
def test_what_is_no_rating_is_refused_and_writes_nothing(
    many: tuple[Path, list[Drawn]], server: ReviewServer, content: bytes, tmp_path: Path
) -> None:
    content = content.replace(b"%s", many[1][0].mask.encode())
    assert ask(server.url.removesuffix(INDEX) + "rate", content) == 400
    assert not read_ratings(tmp_path / "qc.tsv")


def test_a_table_broken_by_hand_is_told_to_the_browser_and_kept(
    many: tuple[Path, list[Drawn]], server: ReviewServer, tmp_path: Path
) -> None:
    (tmp_path / "qc.tsv").write_text("nonsense\n")
    content = json.dumps({"mask": many[1][0].mask, "rater": "A", "rating": "pass"}).encode()
    assert ask(server.url.removesuffix(INDEX) + "rate", content) == 409
    assert (tmp_path / "qc.tsv").read_text() == "nonsense\n"


def test_pictures_show_the_slices_of_the_cord_with_contours_at_all_steps() -> None:
    drawn = softcord.phantom_participant(contrasts=["T2star"])
    told = review_pictures(drawn.images["T2star"], drawn.truth_softsegs["T2star"])
    middle = told["axial"][told["mosaic"][3]]
    assert len(middle["contours"]) == len(LEVELS)
    half = np.cumsum(np.array(middle["contours"][2][0]).reshape(-1, 2), axis=0) / 4
    x, y = half[:, 0], half[:, 1]
    area_mm2 = 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) * 0.45**2
    assert area_mm2 == pytest.approx(drawn.csa_mm2["2:3"], rel=0.15)
    assert np.abs(half.mean(axis=0) - middle["width"] / 2).max() < 4  # about the middle of the picture
    assert told["slices"] == sorted(told["slices"], reverse=True)


def test_a_mask_of_another_grid_is_shown_as_a_problem_and_comes_first(dataset: Path, tmp_path: Path) -> None:
    masks = find_review_masks(dataset)
    (tmp_path / "wrong").mkdir()
    softcord.write_volume(tmp_path / "wrong" / "m.nii.gz", np.zeros((3, 3, 3), np.float32), np.eye(4))
    wrong = type(masks[0])(
        **{**masks[0].__dict__, "mask": tmp_path / "wrong" / "m.nii.gz", "name": "sub-009_T1w"}
    )
    drawn = draw_masks([*masks, wrong], dataset, tmp_path / "page")
    assert drawn[0].name == "sub-009_T1w"
    assert "shape" in drawn[0].problem


def test_the_verb_writes_a_folder_and_takes_ratings_back(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert main([str(dataset), "-o", str(tmp_path / "page")]) == 0
    said = capsys.readouterr().out
    assert "2 masks; save its ratings" in said
    (line,) = [line for line in said.splitlines() if "fsleyes" in line]
    assert "/sub-001_T1w_label-SC_softseg.nii.gz -cm red -a 70 -dr 0 1" in line
    assert main([str(dataset), "-o", str(tmp_path / "page"), "-v", "0"]) == 0
    assert "fsleyes" not in capsys.readouterr().out
    mask = "derivatives/softcord-x/sub-001/anat/sub-001_T1w_label-SC_softseg.nii.gz"
    assert mask in (tmp_path / "page" / INDEX).read_text()
    given = tmp_path / "qc_ratings.tsv"
    given.write_text(f"image\tmask\trater\trating\nsub-001_T1w\t{mask}\tBo\tfail\n")
    assert main([str(dataset), "-take", str(given)]) == 0
    assert read_ratings(dataset / "derivatives" / "softcord" / "qc.tsv")[0].rater == "Bo"


def test_a_mask_that_was_made_anew_is_not_rated_and_its_page_says_of_which_folder_it_is(
    dataset: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(dataset, tmp_path / "bids"))
    given = [f"softcord-x/sub-001/anat/sub-001_{name}_label-SC_softseg.nii.gz" for name in ("T1w", "T2w")]
    rows = [
        Rating(Path(one).name[:11], f"derivatives/{one}", "Bo", "pass", "", now(), checksum(path))
        for one in given
        for path in [root / "derivatives" / one]
    ]
    add_ratings(root / "derivatives/softcord/qc.tsv", rows)
    again = softcord.read_volume(root / "derivatives" / given[0])
    softcord.write_volume(root / "derivatives" / given[0], again.data * np.float32(0.8), again.affine)
    assert main([str(root), "-o", str(tmp_path / "page"), "-v", "0"]) == 0
    content = (tmp_path / "page" / INDEX).read_text()
    (data,) = re.findall(r'id="review-data">(.*?)</script>', content)
    assert [one["image"] for one in json.loads(data)["ratings"]] == ["sub-001_T2w"]
    assert "of derivatives/softcord-x, the oddest first" in content
    assert correct([str(root), "-take"]) == 0
    taken = sorted(path.name for path in (root / "derivatives/labels_softseg").rglob("*.nii.gz"))
    assert taken == ["sub-001_T2w_label-SC_softseg.nii.gz"]


def test_a_dataset_without_masks_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    softcord.write_volume(
        tmp_path / "sub-01/anat/sub-01_T2w.nii.gz", np.zeros((4, 4, 4), np.float32), np.eye(4)
    )
    assert main([str(tmp_path)]) == 3
    assert "has no masks under derivatives" in capsys.readouterr().err


def test_every_page_rates_by_the_same_words_and_keys() -> None:
    blocks = {"qc": Viewer(Table(("",), ()), ()), "review": Review(())}
    for name, block in blocks.items():
        content = render(Page(name, name, {name: [block]}))
        for word in RATING_WORDS:
            assert f"<kbd>{word.key.upper()}</kbd> {word.label} ({word.meaning})" in content, name
            assert f'data-rating="{word.name}">{word.label.capitalize()} ({word.key.upper()})' in content, (
                name
            )
    assert len({word.key for word in RATING_WORDS}) == len(RATING_WORDS)
