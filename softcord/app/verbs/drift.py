"""`softcord drift`: does a new model measure what the old one did? One verdict, for people and for CI."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from softcord.app.console.exit_codes import CANNOT_TELL, DONE, SHIFTED
from softcord.app.console.flags import FlagParser
from softcord.app.console.left_out import say_left_out
from softcord.app.console.model_flags import add_model_flags
from softcord.app.console.streams import show
from softcord.drift.settings import DriftSettings
from softcord.errors import DataError, UsageError
from softcord.hints import counted
from softcord.io.names import file_name
from softcord.measure.level_text import parse_numbers

if TYPE_CHECKING:
    import pandas as pd

    from softcord.drift.compare import FrozenImage
    from softcord.drift.masks import Contender
    from softcord.drift.present import PresentRow
    from softcord.drift.verdict import Verdict

_CODES = {"equivalent": DONE, "shifted": SHIFTED, "cannot tell": CANNOT_TELL}
# Columns of participants.tsv that are looked at without being named.
_GROUPS = ("site", "institution_id", "institution", "manufacturer", "vendor", "group", "pathology")
_EXAMPLES = """\
softcord drift new.zip --against synthetic-v1 --data my-bids
softcord drift new.zip --against old.zip --data my-bids --margin 0.5 --contrasts T1w,T2w -o drift/
softcord drift --self                      # does this softcord measure what the one before it did?

Exit codes: 0 equivalent, 5 shifted, 6 cannot tell; 2 and 3 as everywhere. Models are named as for
softcord predict -m. Levels are read from disc labels (derivatives/labels). How it is judged: docs/drift.md.
"""
_USUAL = ("-against", "-data", "-self", "-margin", "-vert", "-contrasts", "-by", "-o", "-threads", "-device")


def parser() -> FlagParser:
    """Return the parser of `softcord drift`."""
    words = FlagParser(
        "drift",
        "Compare the CSA that two models measure in the same images, within a margin.",
        _EXAMPLES,
        _USUAL,
    )
    words.add_argument("new", nargs="?", metavar="NEW", help="the new model")
    words.add_argument("-against", "--against", metavar="OLD", help="the model before it")
    words.add_argument("-data", "--data", type=Path, metavar="BIDS", help="frozen images")
    words.add_argument(
        "-self",
        "--self",
        action="store_true",
        help="instead: softcord itself, against stored measures of a small phantom cohort",
    )
    words.add_argument(
        "-margin",
        "--margin",
        type=float,
        metavar="MM2",
        help="change of CSA, in mm², that does not matter (default 1.0; of one image 0.05 with --self)",
    )
    words.add_argument(
        "-vert",
        "--level",
        default="2:3",
        metavar="LEVELS",
        help="vertebral levels, such as 2:3 (default), or all: the whole cord, which needs no disc labels",
    )
    words.add_argument("-contrasts", "--contrasts", metavar="A,B", help="only these (default: all there are)")
    words.add_argument(
        "-by",
        "--by",
        action="append",
        metavar="COLUMN",
        help="column of participants.tsv: a group that shifted is not averaged away (default: those of "
        f"{', '.join(_GROUPS)} that are there)",
    )
    words.add_argument(
        "-failures",
        "--failures",
        type=int,
        default=0,
        metavar="N",
        help="images that may lose their cord before the model counts as shifted (default 0)",
    )
    words.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="folder (default: OUTPUTS/drift/NEW-against-OLD)"
    )
    _add_machine(words)
    return words


def _add_machine(words: argparse.ArgumentParser) -> None:
    group = words.add_argument_group("machine and places")
    add_model_flags(group, "float32")
    group.add_argument(
        "-cache",
        "--cache",
        type=Path,
        default=Path("data/cache/drift"),
        metavar="DIR",
        help="masks that were made before, kept by checksums of weights and image (default data/cache/drift)",
    )
    group.add_argument("-v", type=int, choices=(0, 1, 2), default=1, help="0: the sentence only")


def main(argv: list[str] | None = None) -> int:
    """Run `softcord drift`; return the exit code."""
    return parser().run(argv, _drift)


def _drift(arguments: argparse.Namespace) -> int:
    if arguments.self:
        return _self(arguments)
    named = {"NEW": arguments.new, "--against": arguments.against, "--data": arguments.data}
    if missing := [word for word, value in named.items() if value is None]:
        raise UsageError("softcord drift", f"needs {' and '.join(missing)}", "softcord drift -h shows all")
    settings = _settings(arguments)
    images = _images(arguments, settings)
    from softcord.app.console.progress import phase
    from softcord.drift.compare import compare_models
    from softcord.drift.verdict import decide

    old, new = _contender(arguments, arguments.against), _contender(arguments, arguments.new)
    with phase("comparing", len(images)) as on_done:
        areas = compare_models(old, new, images, settings, arguments.cache, on_done)
    judged = areas[areas["level"] == settings.level]
    judged, groups = _with_groups(judged, arguments)
    if (
        judged[["old_mm2", "new_mm2"]].dropna().empty
        and not (judged["new_failed"] != judged["old_failed"]).any()
    ):
        raise DataError(arguments.data, f"no image can be measured: {_reasons(judged)}", "Look at the images")
    verdict = decide(judged, settings, groups)
    return _write(arguments, settings, areas, verdict, (old, new))


def _self(arguments: argparse.Namespace) -> int:
    """Compare this softcord with the one that stored measures, image by image."""
    from softcord.drift.present import LIMIT_MM2, compare_present, read_stored

    given = [word for word in ("new", "against", "data") if getattr(arguments, word) is not None]
    if given:
        raise UsageError(
            "--self", f"does not go with {', '.join(given)}", "It brings its own images and model"
        )
    limit_mm2 = LIMIT_MM2 if arguments.margin is None else arguments.margin
    if not 0 < limit_mm2 < float("inf"):
        raise UsageError("--margin", f"must be above 0 and finite, got {limit_mm2:g}")
    stored = read_stored()
    present = compare_present(stored, _measured_now())
    if present.cannot_tell:
        show(f"Cannot tell: {present.cannot_tell}. benchmarks/build_present.py stores measures anew.")
        return CANNOT_TELL
    first = present.moved[0]
    image = f"{first.row.participant_id} {first.row.contrast}, {first.row.mask}"
    most = f"at most {abs(first.change_mm2):.4f} mm² ({image}), {counted(len(stored), 'area')}"
    beyond = present.beyond(limit_mm2)
    if not beyond:
        show(f"Unchanged: areas differ from the stored ones by {most}; {limit_mm2:g} mm² are allowed.")
        return DONE
    show(f"Shifted: {counted(len(beyond), 'area')} moved by more than {limit_mm2:g} mm²; by {most}.")
    return SHIFTED


def _measured_now() -> "list[PresentRow]":
    from softcord.app.console.progress import phase
    from softcord.app.models.find import find_model
    from softcord.drift.present import COHORT_IMAGES, measure_present

    with phase("measuring", COHORT_IMAGES) as on_done:
        return measure_present(find_model(None, Path("outputs"), Path("mlruns")), on_done)


def _settings(arguments: argparse.Namespace) -> DriftSettings:
    words = {"margin_mm2": "--margin", "failures_allowed": "--failures"}
    if arguments.threads is not None and arguments.threads < 1:
        raise UsageError("--threads", f"must be at least 1, got {arguments.threads}")
    levels = () if arguments.level == "all" else parse_numbers(arguments.level, "--level")
    margin_mm2 = DriftSettings.margin_mm2 if arguments.margin is None else arguments.margin
    try:
        return DriftSettings(margin_mm2, levels, arguments.failures)
    except ValueError as error:
        field, _, what = str(error).partition(": ")
        raise UsageError(words[field], what) from error


def _images(arguments: argparse.Namespace, settings: DriftSettings) -> "list[FrozenImage]":
    """List the images; refuse a dataset without levels before any model is read."""
    from softcord.data.index import index_dataset
    from softcord.drift.areas import Labels
    from softcord.drift.compare import FrozenImage

    table = index_dataset(arguments.data)
    if arguments.v:
        say_left_out(arguments.data)
    if arguments.contrasts is not None:
        wanted = [name.strip() for name in arguments.contrasts.split(",")]
        there = sorted(table["contrast"].unique())
        if absent := [name for name in wanted if name not in there]:
            raise UsageError(
                "--contrasts", f"no image of {', '.join(absent)}", f"There are {', '.join(there)}"
            )
        table = table[table["contrast"].isin(wanted)]
    if settings.levels and table[["discs", "levels"]].isna().all(axis=None):
        what = "has no disc labels and no level images, so nobody knows where C2 and C3 are"
        raise DataError(
            arguments.data, what, "Add them under derivatives/labels, or compare with --level all"
        )
    return [
        FrozenImage(
            str(row["participant_id"]),
            str(row["session_id"]),
            str(row["contrast"]),
            Path(str(row["image"])),
            Labels(*(Path(row[kind]) if row[kind] else None for kind in ("discs", "levels"))),
        )
        for row in table.to_dict("records")
    ]


def _contender(arguments: argparse.Namespace, word: str) -> "Contender":
    import torch

    from softcord.app.models.find import find_model
    from softcord.app.models.ready import make_ready
    from softcord.drift.masks import contender
    from softcord.predict.volume import PredictSettings

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    model = find_model(word, arguments.outputs, arguments.store, arguments.allow)
    apply = make_ready(model, arguments.device, arguments.precision)
    return contender(model.description.name, model, PredictSettings(only_a_cord=True, apply=apply))


def _with_groups(
    images: "pd.DataFrame", arguments: argparse.Namespace
) -> "tuple[pd.DataFrame, tuple[str, ...]]":
    """Add the columns of participants.tsv by which participants are grouped."""
    from softcord.data.participants import read_participants

    known = read_participants(arguments.data, images["participant_id"])
    wanted = arguments.by or [name for name in _GROUPS if name in known]
    for name in wanted:
        if name not in known or name == "participant_id":
            there = ", ".join(column for column in map(str, known) if column != "participant_id")
            raise UsageError("--by", f"participants.tsv has no column {name!r}", f"It has: {there or 'none'}")
    groups = tuple(dict.fromkeys(wanted))
    return images.merge(known[["participant_id", *groups]], on="participant_id", how="left"), groups


def _reasons(images: "pd.DataFrame") -> str:
    return "; ".join(f"{reason} ({n})" for reason, n in images["reason"].value_counts().head(3).items())


def _write(
    arguments: argparse.Namespace,
    settings: DriftSettings,
    areas: "pd.DataFrame",
    verdict: "Verdict",
    models: "tuple[Contender, Contender]",
) -> int:
    from softcord.drift.changed import draw_changed, most_changed
    from softcord.drift.page import drift_page
    from softcord.drift.sentence import sentence
    from softcord.drift.tables import as_json
    from softcord.io.files import write_json, write_text
    from softcord.io.tables import write_table

    old, new = models
    names = _names(arguments, old, new)
    leaks = _leaks(areas, names, models)
    said, code = " ".join([sentence(verdict, settings, *names), *leaks]), _CODES[verdict.outcome]
    made = _made(arguments, old, new)
    folder = arguments.output or arguments.outputs / "drift" / file_name(f"{names[1]}-against-{names[0]}")
    changed = draw_changed(most_changed(areas[areas["level"] == settings.level]), old, new, arguments.cache)
    title = f"{names[1]} against {names[0]}"
    write_table(folder / "images.csv", areas)
    write_text(folder / "drift.html", drift_page(title, said, verdict, areas, settings.level, changed, made))
    write_json(folder / "drift.json", as_json(verdict, settings, said, code, made))
    show(said)
    if arguments.v:
        show(f"{folder / 'drift.html'}  (and drift.json, images.csv)")
    return code


def _leaks(areas: "pd.DataFrame", names: tuple[str, str], models: "tuple[Contender, Contender]") -> list[str]:
    """Say which model was trained on the images: on these two models may agree as they do on no others."""
    from softcord.app.records.leakage import leakage_of

    images = list(areas[["participant_id", "image"]].drop_duplicates().itertuples(index=False, name=None))
    pairs = zip(names, (one.model.description for one in models), strict=True)
    return [said for name, one in pairs if (said := leakage_of(name, one.trained_on, images))]


def _names(arguments: argparse.Namespace, old: "Contender", new: "Contender") -> tuple[str, str]:
    """Name the models by what they call themselves, or as they were given if both say the same."""
    if old.name != new.name:
        return old.name, new.name
    return str(arguments.against), str(arguments.new)


def _made(arguments: argparse.Namespace, old: "Contender", new: "Contender") -> dict[str, Any]:
    import softcord
    from softcord.drift.masks import predicting_code
    from softcord.measure.csa import METHOD_VERSION
    from softcord.predict.package import weights_sha256

    return {
        "old_model": old.name,
        "old_weights_sha256": weights_sha256(old.model),
        "new_model": new.name,
        "new_weights_sha256": weights_sha256(new.model),
        "data": str(arguments.data),
        "softcord": softcord.__version__,
        "measured_by": METHOD_VERSION,
        "predicting_code_sha256": predicting_code(),
        "precision": "bfloat16" if new.settings.apply.bfloat16 else "float32",
    }
