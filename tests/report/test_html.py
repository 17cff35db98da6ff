import json
import re
import shutil
import subprocess
from html import unescape

import numpy as np
import pandas as pd
import pytest
import yaml

from softcord.report.html import Answer, Figure, QcImage, Report, page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
JPEG = (
    "ffd8ffe000104a46494600010100000100010000ffdb004300"
    + "08" * 64
    + "ffc0000b080001000101011100ffc40014000100000000000000000000000000000009"
    + "ffc40014100100000000000000000000000000000000ffda0008010100003f0037ffd9"
)
WATCH = """
<script>
  window.failures = [];
  addEventListener("error", (event) => failures.push(event.message));
  document.addEventListener("securitypolicyviolation", (event) => failures.push(event.blockedURI));
</script>
"""
# What a reader's keyboard does, and what the page looks like after it; only the test adds this script.
PRESS = """
<script>
  const seen = [];
  const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
  const look = () => seen.push([document.getElementById("qc-title").textContent,
    document.getElementById("qc-rating").textContent, document.getElementById("qc-save-images").textContent]);
  look();
  for (const key of %s) { press(key); look(); }
  const requests = performance.getEntriesByType("resource").map((entry) => entry.name)
    .filter((name) => !name.startsWith("data:"));
  const image = document.getElementById("qc-image");
  const result = { seen, requests, yaml: document.getElementById("viewer").excludeList(),
    predictions: document.getElementById("viewer").predictionList(),
    narrow: [...document.querySelectorAll(".list")].every((one) => one.scrollWidth <= one.clientWidth),
    broken: [...document.images].filter((one) => one.complete && one.naturalWidth === 0).length,
    shown: image.src.slice(0, 22), errors: window.failures };
  const out = document.createElement("pre");
  out.id = "result";
  out.textContent = JSON.stringify(result);
  document.body.append(out);
</script>
"""


def small_report(images=3):
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
    table = pd.DataFrame({"method": ["soft_all"], "Dice ↑": ["0.96 ± 0.01"]})
    qc = tuple(
        QcImage(f"sub-0{i}_T1w", "soft_all", {"Dice": f"0.9{i}"}, bytes.fromhex(JPEG)) for i in range(images)
    )
    return Report(
        study="demo",
        byline="3 runs",
        summary=table,
        notes=("Only one method.",),
        expected=pd.DataFrame({"claim": ["Dice"], "agrees": ["yes"]}),
        answers=(Answer("Is A < B?", ("A was lower & steady.",), table, (Figure("violins", "svg", svg),)),),
        tables={"power": pd.DataFrame({"per arm": [12], "missing": [np.nan]})},
        qc=qc,
        dropped=pd.DataFrame({"participant": ["sub-09"]}),
        provenance=pd.DataFrame({"run": ["soft_all_s1"], "code commit": ["0a1b2c"]}),
    )


def visit(path, keys):
    """Open a page in headless Chromium, press keys and return what the reader would see."""
    content = path.read_text(encoding="utf-8").replace("<body", WATCH + "<body")
    path.write_text(content.replace("</body>", PRESS % json.dumps(keys) + "</body>"), encoding="utf-8")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--no-first-run",
    ]
    command = [CHROMIUM, *flags, f"--user-data-dir={path.parent / 'profile'}", "--dump-dom", path.as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).stdout
    found = re.search(r'<pre id="result">(.*?)</pre>', dom, re.DOTALL)
    assert found, dom[-2000:]
    return json.loads(unescape(found.group(1)))


@pytest.fixture(scope="module")
def visited(tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip("no Chromium here (apt-get install chromium)")
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page(small_report()), encoding="utf-8")
    return visit(path, ["p", "ArrowLeft", "a", "F", "ArrowRight", "ArrowLeft", "u", "c", "ArrowLeft"])


def test_page_renders_and_shows_the_first_image(visited):
    assert visited["errors"] == []
    assert visited["broken"] == 0
    assert visited["seen"][0] == [
        "1 of 3: sub-00_T1w, soft_all, Dice 0.90",
        "not rated",
        "Save bad images (0)",
    ]
    assert visited["shown"] == "data:image/jpeg;base64"


def test_each_rating_has_its_own_key(visited):
    ratings = [rating for _, rating, _ in visited["seen"]]
    assert ratings[2] == "pass"
    assert ratings[6:8] == ["fail", "not rated"]
    assert ratings[9] == "needs correction"


def test_arrows_move_and_stop_at_the_ends(visited):
    titles = [title.split(":")[0] for title, _, _ in visited["seen"]]
    places = [1, 2, 1, 2, 3, 3, 2, 2, 3, 2]  # a rating goes on to the next, taking it back does not
    assert titles == [f"{place} of 3" for place in places]


def test_only_bad_images_are_excluded_and_bad_predictions_are_a_list_of_their_own(visited, tmp_path):
    from softcord.data.exclude import read_exclude

    assert yaml.safe_load(visited["yaml"]) == {"visual_check": ["sub-00_T1w"]}
    assert visited["predictions"].splitlines() == [
        "image\tmethod\trating",
        "sub-01_T1w\tsoft_all\tcorrect",
    ]
    path = tmp_path / "exclude_demo.yml"
    path.write_text(visited["yaml"], encoding="utf-8")
    assert "sub-00_T1w" in read_exclude(path).reasons


def test_a_bad_image_is_bad_for_every_method_and_a_bad_prediction_for_one(tmp_path):
    if CHROMIUM is None:
        pytest.skip("no Chromium here (apt-get install chromium)")
    jpeg = bytes.fromhex(JPEG)
    qc = tuple(QcImage(f"sub-0{i}_T1w", name, {}, jpeg) for i in (1, 2) for name in ("one", "two"))
    path = tmp_path / "report.html"
    path.write_text(page(Report("demo", "", pd.DataFrame(), qc=qc)), encoding="utf-8")
    seen = visit(path, ["a", "ArrowRight", "f", "ArrowLeft"])["seen"]
    assert [rating for _, rating, _ in seen] == [
        "not rated", "bad image", "not rated", "not rated", "fail",
    ]  # fmt: skip


def test_all_columns_of_the_list_are_seen_and_no_sign_needs_an_emoji_font(visited):
    assert visited["narrow"]
    content = page(small_report())
    assert not re.search("[\\U0001f000-\\U0001faff\\u2600-\\u27bf\\ufe0f]", content)


def test_page_asks_nothing_of_the_network(visited):
    assert visited["requests"] == []
    content = page(small_report())
    assert "default-src 'none'" in content
    assert not re.search(r"""(?:src|href|url|import)\s*[=(]\s*["']?(?:https?:)?//""", content)


def test_text_from_outside_cannot_become_markup():
    report = Report("demo", "", pd.DataFrame({"<b>": ["<script>alert(1)</script>"]}))
    content = page(report)
    assert "<script>alert(1)" not in content
    assert "&lt;script&gt;alert(1)" in content


def test_image_name_cannot_end_the_script():
    image = QcImage("</script><b>", "soft_all", {}, b"")
    content = page(Report("demo", "", pd.DataFrame(), qc=(image,)))
    assert "</script><b>" not in content


def test_parts_without_content_are_left_out():
    content = page(Report("demo", "", pd.DataFrame({"method": ["soft_all"]})))
    assert 'id="questions"' not in content
    assert 'id="visual-check"' not in content
    assert "Nobody was dropped." in content


def test_long_tables_say_how_much_is_left_out():
    report = Report("demo", "", pd.DataFrame({"row": range(1000)}))
    assert "700 more rows are in the files beside this page." in page(report)
