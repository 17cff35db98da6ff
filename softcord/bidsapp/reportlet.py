"""A page per participant, and the page that leads to them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from softcord.draw.qc import overlay_bytes
from softcord.errors import SoftcordError
from softcord.hints import counted
from softcord.io.files import write_text
from softcord.io.masks import read_mask
from softcord.io.names import nifti_stem
from softcord.io.nifti import read_volume
from softcord.measure.image import measure_image
from softcord.measure.metrics import CSA
from softcord.report.page import Block, Cell, Heading, Page, Picture, Table, Text, render, table_of
from softcord.report.tables import cell_text

_LEVELS = (2, 3)


@dataclass(frozen=True)
class ImageDone:
    """An image and the mask that was made of it, None where there is none; ``note`` is what to know."""

    image: Path
    mask: Path | None
    discs: Path | None = None
    note: str = ""


def write_reportlet(out: Path, participant_id: str, images: Sequence[ImageDone], methods: str) -> Path:
    """Write ``out/sub-XX.html``: areas and a mosaic of each image; return its path."""
    rows, pictures = [], list[Block]()
    for one in images:
        areas: dict[str, object] = {"csa_mm2": float("nan"), "csa_bin_mm2": float("nan"), "level": "n/a"}
        note = one.note
        if one.mask is not None:
            try:
                softseg = read_mask(one.mask)
                areas = _areas(one, participant_id)
                jpeg = overlay_bytes(read_volume(one.image), softseg, None)
                pictures.append(Picture(nifti_stem(one.image), "jpeg", jpeg))
            except SoftcordError as error:
                note = "; ".join(filter(None, [note, error.what]))
        rows.append({"image": one.image.name, **areas, "note": note})
    page = Page(
        f"{participant_id}: softcord",
        participant_id,
        {
            "Images": table_of(pd.DataFrame(rows), text=cell_text),
            "Masks": pictures or [Text("No image has a mask.")],
            "Methods": _paragraphs(methods),
        },
    )
    path = out / f"{participant_id}.html"
    write_text(path, render(page))
    return path


def _areas(one: ImageDone, participant_id: str) -> dict[str, object]:
    """Areas over C2-C3 where levels are known, else over the whole cord in the image."""
    assert one.mask is not None, participant_id
    discs = None if one.discs is None else read_mask(one.discs)
    measured = measure_image(read_mask(one.mask), discs=discs, levels=_LEVELS)
    wanted = measured[0].level
    values = {one.metric: one.value for one in measured if one.level == wanted}
    return {"csa_mm2": values["csa_mm2"], "csa_bin_mm2": values["csa_bin_mm2"], "level": wanted}


def write_index(
    out: Path, title: str, measures: pd.DataFrame, methods: str, notes: Sequence[str] = ()
) -> Path:
    """Write ``out/index.html``: the participants whose pages are there, their areas, and the methods.

    ``notes`` say what to know of the areas.
    """
    pages = sorted(path.name for path in out.glob("sub-*.html"))
    links = Table(("page",), tuple((Cell(name, "file", name),) for name in pages))
    page = Page(
        f"{title}: softcord",
        title,
        {
            "Participants": [
                Text(f"{counted(len(pages), 'participant')}; all pages lie beside this one."),
                links,
            ],
            "Areas": [
                *(Text(note) for note in notes),
                Heading("Mean ± SD per contrast and level"),
                *table_of(_by_contrast(measures), text=cell_text),
            ]
            if len(measures)
            else [],
            "Methods": _paragraphs(methods),
        },
    )
    write_text(out / "index.html", render(page))
    return out / "index.html"


def _paragraphs(markdown: str) -> list[Text]:
    """Return the lines of a methods paragraph without its marks; the section has a heading already."""
    lines = (line.strip("_") for line in markdown.splitlines() if not line.startswith("#"))
    return [Text(line) for line in lines if line]


def _by_contrast(measures: pd.DataFrame) -> pd.DataFrame:
    own = measures[measures["metric"].isin(CSA)]
    moments = own.groupby(["contrast", "level", "metric"], sort=False)["value"].agg(["count", "mean", "std"])
    return moments.reset_index().rename(columns={"count": "images", "mean": "mean_mm2", "std": "sd_mm2"})


def unwritten(images: Iterable[ImageDone]) -> list[ImageDone]:
    """Return the images without a mask."""
    return [one for one in images if one.mask is None]
