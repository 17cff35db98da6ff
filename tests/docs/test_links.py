"""The pages: links between them lead somewhere, and the index lists them all, each once."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("experiments/*.md")])
INDEX = ROOT / "docs/README.md"
KINDS = ["Tutorials", "How-to", "Explanation", "Reference"]
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def prose(page: Path) -> str:
    return re.sub(r"^ {4}.*$", "", FENCED.sub("", page.read_text(encoding="utf-8")), flags=re.MULTILINE)


def links(page: Path) -> list[str]:
    return [link for link in LINK.findall(prose(page)) if not re.match(r"[a-z]+:", link)]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the hosts of Git repositories make them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    names = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
    return {
        name if n == 0 else f"{name}-{n}" for i, name in enumerate(names) for n in [names[:i].count(name)]
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_index_lists_every_page_once_under_one_of_four_kinds() -> None:
    listed = [link for link in links(INDEX) if "/" not in link and link.endswith(".md")]
    assert sorted(listed) == sorted(page.name for page in ROOT.glob("docs/*.md") if page != INDEX)
    assert re.findall(r"^## (.+)$", prose(INDEX), re.MULTILINE) == KINDS


def test_an_anchor_is_made_as_hosts_make_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Bit for bit\n\n```sh\n# no heading\n```\n\n## Variants: `unseen` data\n## Bit for bit\n"
    )
    assert anchors(page) == {"bit-for-bit", "variants-unseen-data", "bit-for-bit-1"}
