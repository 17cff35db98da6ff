"""`softcord bids`: a whole dataset, in the words that every BIDS-App is called with."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from softcord.app.console.exit_codes import DATA, DONE
from softcord.app.console.flags import FlagParser
from softcord.app.console.left_out import say_left_out
from softcord.app.console.model_flags import add_device_flag, add_place_flags
from softcord.app.console.remedies import told, with_keys
from softcord.app.console.streams import say, show
from softcord.app.results.csa_interval import with_intervals
from softcord.errors import DataError, SoftcordError, UsageError
from softcord.hints import counted, listed
from softcord.remedies import Remedy

if TYPE_CHECKING:
    import pandas as pd

    from softcord.measure.files import MaskFiles
    from softcord.predict.files import Task

_EXAMPLES = """\
softcord bids my-bids my-bids/derivatives/softcord participant --participant-label 01 02
softcord bids my-bids my-bids/derivatives/softcord group
softcord bids my-bids out participant --task groundtruth

participant segments (or builds soft ground truth of) each participant and writes a page of each; the same
command again goes on where it was stopped. group measures all masks and writes measures.csv and index.html.
"""


def parser() -> FlagParser:
    """Return the parser of `softcord bids`."""
    words = FlagParser(
        "bids", "Segment a BIDS dataset, or build its soft ground truth, as a BIDS-App.", _EXAMPLES
    )
    words.add_argument("bids_dir", type=Path, metavar="BIDS_DIR", help="the raw dataset; it is only read")
    words.add_argument("out_dir", type=Path, metavar="OUT_DIR", help="the derivatives dataset to write")
    words.add_argument("level", choices=("participant", "group"), help="each participant, or all together")
    words.add_argument(
        "--participant-label",
        "--participant_label",
        nargs="+",
        metavar="LABEL",
        help="only these, with or without sub- (default: everybody)",
    )
    words.add_argument(
        "--task",
        choices=("segment", "groundtruth"),
        default="segment",
        help="segment images with a model, or average hard masks of several contrasts (default segment)",
    )
    words.add_argument("-m", "--model", metavar="MODEL", help="as for softcord predict (default: built-in)")
    words.add_argument(
        "--uncertainty",
        action="store_true",
        help="also how sure each mask is (_desc-uncertainty); group then adds an interval to each soft CSA. "
        "Four times as slow; the masks stay the same",
    )
    words.add_argument("--n-cpus", "--n_cpus", type=int, metavar="N", help="threads (default: all)")
    add_device_flag(words)
    add_place_flags(words)
    words.add_argument("-v", type=int, choices=(0, 1, 2), default=1, help="0: only errors")
    return words


def main(argv: list[str] | None = None) -> int:
    """Run `softcord bids`; return the exit code."""
    return parser().run(argv, _bids)


def _bids(arguments: argparse.Namespace) -> int:
    _check(arguments)
    from softcord.data.index import index_dataset

    table = _chosen(index_dataset(arguments.bids_dir), arguments.participant_label)
    _check_task(arguments)
    if arguments.v and arguments.level == "participant":
        say_left_out(arguments.bids_dir)
    if arguments.level == "group":
        return _group(arguments, table)
    made = _segment(arguments, table) if arguments.task == "segment" else _ground_truth(arguments, table)
    return DATA if made else DONE


def _check(arguments: argparse.Namespace) -> None:
    """Refuse to write into the raw data, which has one place for derivatives."""
    raw, out = arguments.bids_dir.resolve(), arguments.out_dir.resolve()
    derivatives = raw / "derivatives"
    if (out == raw or raw in out.parents) and derivatives not in out.parents:
        what = f"lies in the raw data {arguments.bids_dir}"
        raise UsageError(
            arguments.out_dir, what, f"Write to {arguments.bids_dir / 'derivatives' / 'softcord'}"
        )
    if out.exists() and not out.is_dir():
        raise UsageError(arguments.out_dir, "is a file", "Name a folder")
    if arguments.n_cpus is not None and arguments.n_cpus < 1:
        raise UsageError("--n-cpus", f"must be at least 1, got {arguments.n_cpus}")
    if arguments.task == "groundtruth" and arguments.model:
        raise UsageError("-m", "does not go with --task groundtruth", "Masks are averaged, not predicted")
    if arguments.uncertainty and (arguments.task == "groundtruth" or arguments.level == "group"):
        what = "is for segmenting participants"
        raise UsageError("--uncertainty", what, "group finds what is known of each mask by itself")


def _check_task(arguments: argparse.Namespace) -> None:
    """Refuse to mix two tasks in a folder: its pages, methods and description are of one."""
    from softcord.bidsapp.methods import task_of
    from softcord.predict.write import check_belongs

    check_belongs(arguments.out_dir)
    if (before := task_of(arguments.out_dir)) not in (None, arguments.task):
        raise UsageError(arguments.out_dir, f"holds the results of --task {before}", "Name another folder")


def _chosen(table: "pd.DataFrame", labels: list[str] | None) -> "pd.DataFrame":
    if labels is None:
        return table
    wanted = {f"sub-{label.removeprefix('sub-')}" for label in labels}
    there = set(table["participant_id"])
    if absent := sorted(wanted - there):
        known = ", ".join(sorted(there)[:5])
        raise UsageError("--participant-label", f"nobody is called {', '.join(absent)}", f"There are {known}")
    return table[table["participant_id"].isin(wanted)]


def _segment(arguments: argparse.Namespace, table: "pd.DataFrame") -> int:
    """Segment images and write the pages; return how many images have no mask."""
    from softcord.app.console.progress import phase
    from softcord.bidsapp.methods import describe, methods_text
    from softcord.bidsapp.reportlet import ImageDone, unwritten, write_reportlet
    from softcord.predict.write import check_belongs

    task = _task(arguments)
    check_belongs(arguments.out_dir, str(task.made_by["ModelWeightsSha256"]))
    describe(arguments.out_dir, arguments.bids_dir, "segment", task.made_by)
    methods = methods_text("segment", task.made_by)
    failed = 0
    with phase("segmenting", len(table)) as on_done:
        for participant_id, rows in table.groupby("participant_id"):
            images: list[ImageDone] = []
            for row in rows.to_dict("records"):
                images.append(_predict(arguments, {str(key): value for key, value in row.items()}, task))
                on_done(images[-1].image.name)
            path = write_reportlet(arguments.out_dir, str(participant_id), images, methods)
            failed += len(unwritten(images))
            if arguments.v:
                show(str(path))
    return failed


def _predict(arguments: argparse.Namespace, row: dict[str, Any], task: "Task") -> Any:
    from softcord.bidsapp.reportlet import ImageDone
    from softcord.predict.files import predict_file
    from softcord.predict.write import softseg_path

    image, discs = Path(row["image"]), Path(row["discs"]) if row["discs"] else None
    mask = softseg_path(arguments.out_dir, image)
    try:
        done = predict_file(image, mask, task)
    except SoftcordError as error:
        if error.hint == Remedy.OVERWRITE_MASK:
            error = UsageError(error.where, error.what, "Remove it, and it is made anew")
        say(f"softcord: {told(error)}")
        return ImageDone(image, None, discs, error.what)
    notes = {"no cord": "no cord was found", "constant": "the image is constant"}
    note = "look at it: what is most like a cord" if done.is_unsure else notes.get(done.outcome, "")
    return ImageDone(image, mask, discs, note)


def _task(arguments: argparse.Namespace) -> "Task":
    import torch

    from softcord.app.models.find import find_model
    from softcord.app.models.ready import make_ready
    from softcord.predict.files import Task
    from softcord.predict.package import weights_sha256
    from softcord.predict.volume import PredictSettings

    if arguments.n_cpus:
        torch.set_num_threads(arguments.n_cpus)
    model = find_model(arguments.model, arguments.outputs, arguments.store)
    apply = make_ready(model, arguments.device, "auto")
    made_by = {"Model": model.description.name, "ModelWeightsSha256": weights_sha256(model)}
    settings = PredictSettings(only_a_cord=True, apply=apply)
    return Task(model, made_by, settings, how_sure=arguments.uncertainty)


def _ground_truth(arguments: argparse.Namespace, table: "pd.DataFrame") -> int:
    """Build soft ground truth and write the pages; return how many participants have none."""
    from softcord.app.console.progress import phase
    from softcord.bidsapp.methods import describe
    from softcord.contrasts import PAPER_SIX
    from softcord.gt.dataset import build_dataset
    from softcord.gt.settings import GtSettings
    from softcord.report.ground_truth_page import write_ground_truth_page

    if table["hard_seg"].isna().all():
        raise DataError(
            arguments.bids_dir, "has no hard masks to average", "Add them under derivatives/labels"
        )
    contrasts = [name for name in PAPER_SIX if name in set(table["contrast"])]
    describe(arguments.out_dir, arguments.bids_dir, "groundtruth", {})
    people = table["participant_id"].nunique()
    with phase("ground truth", people) as on_done:
        report = build_dataset(table, arguments.out_dir, GtSettings(), contrasts, on_done=on_done)
    for participant_id, rows in report.groupby("participant_id"):
        path = arguments.out_dir / f"{participant_id}.html"
        write_ground_truth_page(rows, path, str(participant_id), notes={"contrasts": ", ".join(contrasts)})
        if arguments.v:
            show(str(path))
    failed = report[report["status"] == "failed"]
    for row in failed.to_dict("records"):
        say(f"softcord: {row['participant_id']}: no ground truth: {row['finding']}.")
    return int(failed["participant_id"].nunique())


def _of_people(files: "list[MaskFiles]", root: Path, people: set[str]) -> "list[MaskFiles]":
    """Leave out the masks of others."""
    found = [one for one in files if one.mask.relative_to(root).parts[0] in people]
    if not found:
        raise DataError(
            root, f"holds no mask of {', '.join(sorted(people))}", "Run the level participant first"
        )
    return found


def _without_mask(arguments: argparse.Namespace, table: "pd.DataFrame") -> list[str]:
    """Return the images of which there is no mask: refused, or not looked at yet."""
    from softcord.predict.write import softseg_path

    images = map(Path, table["image"] if arguments.task == "segment" else ())
    return [image.name for image in images if not softseg_path(arguments.out_dir, image).exists()]


def _notes(files: "list[MaskFiles]", measured: "list[MaskFiles]", errors: list[str]) -> list[str]:
    """Return what to know of the areas: which masks are not among them, and which are and are unsure."""
    from softcord.measure.unsure import is_unsure

    notes = []
    if left := len(files) - len(measured):
        notes.append(f"{counted(left, 'mask')} without levels, not measured.")
    if errors:
        notes.append(f"{counted(len(errors), 'mask')} could not be measured, the first: {errors[0]}")
    if unsure := [one.mask.name for one in measured if is_unsure(one.mask)]:
        named = listed(unsure, 4)
        notes.append(f"{counted(len(unsure), 'mask')} of those measured unsure, look at each: {named}.")
    return notes


def _group(arguments: argparse.Namespace, table: "pd.DataFrame") -> int:
    """Measure the masks of OUT_DIR, those of the participants asked for, and write the index."""
    from softcord.app.console.progress import phase
    from softcord.bidsapp.methods import METHODS
    from softcord.bidsapp.one_model import refuse_two_models
    from softcord.bidsapp.reportlet import write_index
    from softcord.measure.batch import find_masks, forget, measure_files
    from softcord.measure.files import MeasureSettings
    from softcord.measure.tidy import tidy_measures, write_tidy
    from softcord.uncertainty.measured import with_uncertainty

    out = arguments.out_dir
    if not (out / METHODS).is_file():
        raise DataError(out, "holds no participant yet", "Run the level participant first")
    root = out if arguments.task == "segment" else out / "labels_softseg"
    masks = find_masks(root, arguments.bids_dir / "derivatives" / "labels")
    if arguments.task == "segment":
        refuse_two_models((one.mask for one in masks), out)
    people = set(table["participant_id"]) if arguments.participant_label else None
    files = with_uncertainty(masks if people is None else _of_people(masks, root, people))
    has_levels = any(one.discs or one.levels for one in files)
    levelled = [one for one in files if one.discs or one.levels] if has_levels else files
    settings = MeasureSettings(levels=(2, 3) if has_levels else None)
    memory = out / ".measures.parts"
    with phase("measuring", len(levelled)) as on_done:
        batch = measure_files(levelled, settings, memory, on_done=on_done)
    for error in batch.errors:
        say(f"softcord: {with_keys(error)}")
    for note in dict.fromkeys(note for one in batch.measured for note in one.notes):
        say(f"softcord: {note}.")
    measures = tidy_measures(batch.measured, f"softcord-{arguments.task}")
    measures = with_intervals(measures, batch.measured)
    write_tidy(out / "measures.csv", measures)
    notes = _notes(files, levelled, batch.errors)
    if absent := _without_mask(arguments, table):
        notes.append(f"{counted(len(absent), 'image')} without a mask: {listed(absent, 4)}.")
        say(f"softcord: {notes[-1]}")
    methods = (out / METHODS).read_text(encoding="utf-8")
    index = write_index(out, out.resolve().name, measures, methods, notes)
    forget(memory)
    if len(levelled) < len(files):
        say(f"softcord: {notes[0]}")
    if arguments.v:
        show(str(index))
    return DATA if batch.errors else DONE
