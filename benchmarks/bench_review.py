"""How soon does the review page of 300 masks open, how large is it, and how long does a key take?

    python benchmarks/bench_review.py [--masks 300]

Draws as many small phantom images (half of them isotropic, half in thick slices, two to a participant), each
with its true mask, makes the page of `softcord review`, and lets headless Chromium go through it by keyboard,
from the server and from the folder. Times are the browser's own (performance.now): from the start of
navigation to the frame after the first mask stands on the page, from a key to the frame after the next does.
"""

import argparse
import html
import json
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np

from softcord.phantom.dataset import write_dataset
from softcord.phantom.settings import PhantomSettings, ScanSettings
from softcord.review.masks import find_review_masks
from softcord.review.page import INDEX, Drawn, draw_masks, write_review_page
from softcord.review.ratings import Rating, now
from softcord.review.server import ReviewServer

SCANS = {
    "T2w": ScanSettings((56, 72, 100), (0.8, 0.8, 0.8), (4.0, -8.0), "PSR", 0.06),
    "T2star": ScanSettings((96, 112, 16), (0.5, 0.5, 3.0), (2.0, 0.0), "LAS", 0.07, 0.25),
}
# What happens to the page; what was measured becomes its title, which the browser tells.
KEYS = """
<script>
addEventListener("load", async () => {
  const root = document.getElementById("review"), list = document.getElementById("review-list");
  const wait = (ms) => new Promise((then) => setTimeout(then, ms));
  const frame = () => new Promise((then) => requestAnimationFrame(() => setTimeout(then, 0)));
  const isShown = (name) => root.dataset.shown && root.dataset.shown !== name;
  const changed = async (name) => { while (!isShown(name)) await wait(0); await frame(); };
  const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
  const timed = async (act) => {
    const name = root.dataset.shown, start = performance.now();
    act(); await changed(name); return performance.now() - start;
  };
  await changed(undefined);
  const opened = performance.now(), next = [], rated = [], jumps = [];
  await wait(500);
  for (let i = 0; i < 30; i += 1) { next.push(await timed(() => press("ArrowRight"))); await wait(150); }
  for (let i = 0; i < 30; i += 1) { rated.push(await timed(() => press("p"))); await wait(150); }
  for (let i = 0; i < 10; i += 1) {
    const rows = [...list.querySelectorAll("tbody tr")];
    const now = rows.findIndex((row) => row.classList.contains("current"));
    jumps.push(await timed(() => rows[(now + 97) % rows.length].click())); await wait(300);
  }
  list.querySelector("tbody tr").click(); await wait(500);
  const names = [...list.querySelectorAll("tbody tr")].map((row) => row.cells[1].textContent);
  for (let i = 0; i < 40; i += 1) { press("ArrowRight"); await wait(33); } // a key held down
  const released = performance.now();
  while (root.dataset.shown !== names[40]) await wait(0);
  await frame();
  document.title = JSON.stringify({ opened, next, rated, jumps, held: performance.now() - released });
});
</script>
"""


def make_masks(root: Path, count: int) -> None:
    """Draw a dataset of ``count`` images, and give their true masks out as predictions."""
    write_dataset(PhantomSettings(n_participants=(count + 1) // 2, scans=SCANS, tissue_map=False), root)
    for truth in (root / "derivatives" / "truth").rglob("*_label-SC_truth.nii.gz"):
        inside = truth.relative_to(root / "derivatives" / "truth")
        mask = root / "derivatives" / "softcord-bench" / str(inside).replace("_truth", "_softseg")
        mask.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(truth, mask)


def visit(url: str) -> dict[str, Any]:
    """Let headless Chromium open a page; return what it measured."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("needs Chromium (apt-get install chromium)")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
    ]
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, *flags, "--window-size=1400,900", f"--user-data-dir={profile}"]
        running = subprocess.Popen(
            [*command, "--remote-debugging-port=0", url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            return _told(Path(profile) / "DevToolsActivePort")
        finally:
            running.terminate()
            running.wait()
            time.sleep(1)  # its children let go of the profile


def _told(port: Path, patience_s: float = 120) -> dict[str, Any]:
    """Wait until a page's title is what it measured."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        time.sleep(1)
        if not port.exists():
            continue
        with urllib.request.urlopen(f"http://127.0.0.1:{port.read_text().split()[0]}/json") as answer:
            titles = [html.unescape(page["title"]) for page in json.load(answer) if page["type"] == "page"]
        if titles and titles[0].startswith("{"):
            return dict(json.loads(titles[0]))
    raise SystemExit(f"the page had not been gone through after {patience_s:.0f} s")


def measure(folder: Path, drawn: list[Drawn], *, is_served: bool, table: Path) -> dict[str, Any]:
    """Write the page with the keys that are pressed on it, and go through it."""
    said = [Rating(one.name, one.mask, name, "pass", "", now()) for one in drawn for name in ("bench", "Bo")]
    page = write_review_page(folder, drawn, said, "bench", rater="bench", is_served=is_served)
    page.write_text(page.read_text().replace("</body>", KEYS + "</body>"))
    if not is_served:
        return visit(page.as_uri())
    server = ReviewServer(folder, table, {one.mask: one.name for one in drawn})
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        return visit(server.url)
    finally:
        server.shutdown()
        server.server_close()


def main() -> None:
    """Run the benchmark."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--masks", type=int, default=300)
    arguments = words.parse_args()
    if arguments.masks < 98:
        words.error("--masks: at least 98, for the keys to have somewhere to go")
    with tempfile.TemporaryDirectory() as place:
        root, folder = Path(place) / "bids", Path(place) / "page"
        make_masks(root, arguments.masks)
        masks, started = find_review_masks(root), time.process_time()
        drawn = draw_masks(masks, root, folder)
        print(f"{len(drawn)} masks drawn in {time.process_time() - started:.0f} s of processor time")
        for is_served in (True, False):
            told = measure(folder, drawn, is_served=is_served, table=root / "qc.tsv")
            print(f"\n{'served' if is_served else 'from the folder'}, ms (median, 95 %, longest)")
            print(f"  open                        {told['opened']:6.0f}")
            for name, what in (("next", "next mask"), ("rated", "rate and next"), ("jumps", "any mask")):
                median, most = np.percentile(told[name], [50, 95])
                print(f"  {what:<27} {median:6.0f} {most:6.0f} {max(told[name]):6.0f}")
            print(f"  behind a key held for 40    {told['held']:6.0f}")
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        print(f"\n{size / 1e6:.1f} MB in all, index.html {(folder / INDEX).stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
