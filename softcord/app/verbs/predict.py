"""`softcord predict`: soft cord masks of images, in the words of SCT's users."""

import argparse
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.app.console.exit_codes import DONE
from softcord.app.console.flags import FlagParser
from softcord.app.console.left_out import say_left_out
from softcord.app.console.model_flags import add_model_flags
from softcord.app.console.remedies import told
from softcord.app.console.streams import say, show
from softcord.app.console.viewer import show_viewer
from softcord.errors import DataError, SoftcordError, UsageError
from softcord.io.names import file_name, is_nifti, nifti_stem
from softcord.io.writable import unwritable

if TYPE_CHECKING:
    from softcord.predict.files import Done, Task
    from softcord.predict.package import Model

_EXAMPLES = """\
softcord predict -i t2.nii.gz -o t2_softseg.nii.gz -qc qc/
softcord predict -i t1.nii.gz t2.nii.gz -m soft_all.zip -o masks/
softcord predict -path-data my-bids -uncertainty

Masks are soft (0 to 1, the share of cord in each voxel) unless -thr is given. The same command again goes on
where it was stopped. MODEL is a package (folder or .zip), study/run under -outputs, a run's folder or
checkpoint, a registered model (NAME@ALIAS) or an MLflow run id.
"""
_USUAL = ("-i", "-path-data", "-m", "-o", "-qc", "-thr", "-uncertainty", "-overwrite", "-threads", "-device")

# What was segmented of an image, by where was looked.
_SEGMENTED = {
    "along the cord": "cord found and segmented along it",
    "everywhere": "the whole image segmented",
    "in the centre": "the central box segmented",
    "nowhere": "nothing to segment",
}


def parser() -> FlagParser:
    """Return the parser of `softcord predict`."""
    words = FlagParser(
        "predict", "Segment the spinal cord in MRI: a soft mask in each image's own space.", _EXAMPLES, _USUAL
    )
    _add_files(words)
    _add_choices(words)
    _add_machine(words)
    return words


def _add_files(words: argparse.ArgumentParser) -> None:
    group = words.add_argument_group("what, and where to")
    group.add_argument("-i", "--input", nargs="+", type=Path, metavar="FILE", help="images, .nii or .nii.gz")
    group.add_argument("-path-data", type=Path, metavar="DIR", help="BIDS folder: every image of it")
    group.add_argument("-m", "--model", metavar="MODEL", help="see below (default: the built-in model)")
    group.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="PATH",
        help="mask of the one image, or a folder (default: beside each image; of -path-data: "
        "DIR/derivatives/softcord-MODEL, and of another model of that name a folder beside it)",
    )
    group.add_argument("-qc", type=Path, metavar="DIR", help="also a picture of each mask, to look at")
    group.add_argument(
        "-overwrite", "--overwrite", action="store_true", help="replace masks that are there (kept otherwise)"
    )


def _add_choices(words: argparse.ArgumentParser) -> None:
    group = words.add_argument_group("how")
    group.add_argument(
        "-thr", type=float, default=0.0, metavar="T", help="binarise: 1 above T; 0 leaves it soft (default 0)"
    )
    group.add_argument(
        "-volume", type=int, metavar="N", help="which volume of a 4-D series to segment; 0 is the first"
    )
    group.add_argument(
        "-largest", type=int, default=1, metavar="N", help="connected parts to keep; 0 keeps all (default 1)"
    )
    group.add_argument(
        "-crop-size",
        metavar="XxYxZ",
        help="look only into this box about the image's centre, R-L x A-P x S-I in voxels of the "
        "model's grid, -1 for all (64x192x-1 is the paper's); default: find the cord",
    )
    group.add_argument(
        "-fast",
        "--fast",
        action="store_true",
        help="windows smaller than the model was trained on: faster, not quite the same answer",
    )
    group.add_argument(
        "-tta", "--tta", action="store_true", help="average with the R-L mirror image: twice as slow"
    )
    group.add_argument(
        "-uncertainty",
        "--uncertainty",
        nargs="*",
        metavar="MODEL",
        help="also how sure each mask is (beside it, _desc-uncertainty) and a quality score: how far these "
        "models, or views of the image, differ. Four times as slow; the mask stays the same",
    )


def _add_machine(words: argparse.ArgumentParser) -> None:
    group = words.add_argument_group("machine and places")
    add_model_flags(group, "auto")
    group.add_argument("-v", type=int, choices=(0, 1, 2), default=1, help="0: only errors")


def main(argv: list[str] | None = None) -> int:
    """Run `softcord predict`; return the exit code."""
    return parser().run(argv, _predict)


def _predict(arguments: argparse.Namespace) -> int:
    """Check all that was asked for, read the model once, then predict image by image."""
    _check(arguments)
    crop_voxels = _crop_voxels(arguments.crop_size)
    images = _images(arguments)
    from softcord.app.models.find import find_model

    model = find_model(arguments.model, arguments.outputs, arguments.store, arguments.allow)
    named = arguments.uncertainty or ()
    others = [find_model(one, arguments.outputs, arguments.store, arguments.allow) for one in named]
    task = _task(arguments, model, crop_voxels, others)
    pairs = [(image, _output(arguments, image, task)) for image in images]
    _refuse_same(arguments, pairs)
    if arguments.v:
        _warn_of_leakage(model, images)
    return _predict_all(arguments, pairs, task)


def _check(arguments: argparse.Namespace) -> None:
    """Refuse what cannot work before torch is loaded."""
    if (arguments.input is None) == (arguments.path_data is None):
        raise UsageError(
            "softcord predict", "needs either -i or -path-data", "softcord predict -h shows both"
        )
    if not 0 <= arguments.thr < 1:
        raise UsageError(
            "-thr", f"must be 0 (soft) or between 0 and 1, got {arguments.thr:g}", "0.5 is usual"
        )
    if arguments.largest < 0:
        raise UsageError("-largest", f"must be 0 (all) or more, got {arguments.largest}")
    if arguments.volume is not None and arguments.volume < 0:
        raise UsageError("-volume", f"must be 0 (the first) or more, got {arguments.volume}")
    if arguments.threads is not None and arguments.threads < 1:
        raise UsageError("-threads", f"must be at least 1, got {arguments.threads}")
    if arguments.qc is not None and arguments.qc.exists() and not arguments.qc.is_dir():
        raise UsageError("-qc", f"{arguments.qc} is no folder", "Name a folder for the pictures")
    if arguments.output is not None:
        _check_output(arguments.output, 0 if arguments.input is None else len(arguments.input))


def _check_output(output: Path, n_images: int) -> None:
    """Refuse one file for several images, and what is neither a folder nor the name of a mask."""
    if _is_mask(output):
        if n_images != 1:
            images = f"{n_images} images" if n_images else "a dataset"
            raise UsageError("-o", f"{output} is one file for {images}", "Name a folder")
    elif output.is_file() or (n_images == 1 and output.suffix and not output.is_dir()):
        raise UsageError("-o", f"{output} is neither a folder nor an image", "End it in .nii.gz")


def _is_mask(output: Path) -> bool:
    return is_nifti(output)


def _crop_voxels(text: str | None) -> tuple[int, int, int] | None:
    if text is None:
        return None
    sides = re.fullmatch(r"(-1|[1-9]\d*)x(-1|[1-9]\d*)x(-1|[1-9]\d*)", text)
    if sides is None:
        raise UsageError("-crop-size", f"must be three sides such as 64x192x-1, got {text!r}")
    x, y, z = (int(side) for side in sides.groups())
    return x, y, z


def _images(arguments: argparse.Namespace) -> list[Path]:
    if arguments.input is not None:
        return list(dict.fromkeys(arguments.input))
    from softcord.data.index import index_dataset

    table = index_dataset(arguments.path_data)
    if arguments.v:
        say_left_out(arguments.path_data, "-i takes any image")
    return [Path(image) for image in table["image"]]


def _task(
    arguments: argparse.Namespace, model: "Model", crop: tuple[int, int, int] | None, others: "list[Model]"
) -> "Task":
    """Put the model where it computes, and say once and for all how images are predicted."""
    import torch

    from softcord.app.models.ready import make_ready
    from softcord.predict.files import Task
    from softcord.predict.package import weights_sha256
    from softcord.predict.volume import PredictSettings

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    apply = make_ready(model, arguments.device, arguments.precision, mirror=arguments.tta)
    for one in others:
        make_ready(one, arguments.device, arguments.precision)
    description = model.description
    made_by = {
        "Model": description.name,
        "ModelProvenance": dict(description.provenance),
        "ModelWeightsSha256": weights_sha256(model),
    }
    return Task(
        model,
        made_by,
        PredictSettings(arguments.largest, crop, arguments.fast, arguments.largest > 0, apply),
        threshold=arguments.thr or None,
        overwrite=arguments.overwrite,
        volume=arguments.volume,
        how_sure=arguments.uncertainty is not None,
        others=tuple(others),
    )


def _output(arguments: argparse.Namespace, image: Path, task: "Task") -> Path:
    from softcord.predict.files import mask_name
    from softcord.predict.write import softseg_path

    if arguments.path_data is not None:
        path = softseg_path(_derivatives(arguments, task), image)
        return path if task.threshold is None else path.with_name(path.name.replace("_softseg", "_seg"))
    given: Path | None = arguments.output
    if given is None:
        return image.parent / mask_name(image, task.threshold)
    return given if _is_mask(given) else given / mask_name(image, task.threshold)


def _derivatives(arguments: argparse.Namespace, task: "Task") -> Path:
    """Where the masks of a BIDS folder go: beside those of another model of that name, as after a round."""
    from softcord.predict.write import derivatives_of

    given: Path | None = arguments.output
    name, weights = file_name(task.model.description.name), str(task.made_by["ModelWeightsSha256"])
    return given or derivatives_of(arguments.path_data / "derivatives", name, weights)


def _refuse_same(arguments: argparse.Namespace, pairs: list[tuple[Path, Path]]) -> None:
    """Refuse images of one name whose masks, or pictures of them, would overwrite each other."""
    seen: dict[Path, Path] = {}
    for image, output in pairs:
        for made in (output, *([_picture(arguments.qc, output)] if arguments.qc else [])):
            if made in seen:
                what = f"would be made of both {seen[made]} and {image}"
                raise UsageError(made, what, "Predict them with two commands, into different folders")
            seen[made] = image


def _picture(folder: Path, output: Path) -> Path:
    """Where the picture of a mask goes."""
    return folder / f"{nifti_stem(output)}.png"


def _warn_of_leakage(model: "Model", images: list[Path]) -> None:
    """Say which of the images trained the model: their masks do not show what it makes of new ones."""
    if not any(one.image_sha256 for one in model.description.trained_on):
        return  # of drawn patches, say: there is no image to know again, and pandas takes long to load
    from softcord.app.records.leakage import warn_of_leakage
    from softcord.data.bids import parse_path

    named = ((parsed, str(path)) for path in images for parsed in [parse_path(str(path))])
    found = [(parsed.participant_id if parsed else Path(path).name, path) for parsed, path in named]
    warn_of_leakage(model.description.name, model.description.trained_on, found)


def _predict_all(arguments: argparse.Namespace, pairs: list[tuple[Path, Path]], task: "Task") -> int:
    from softcord.app.console.progress import phase
    from softcord.predict.write import check_belongs, describe_derivatives

    if arguments.path_data is not None:
        name, root = f"softcord predictions of {task.model.description.name}", _derivatives(arguments, task)
        check_belongs(root, str(task.made_by["ModelWeightsSha256"]), overwrite=arguments.overwrite)
        try:
            describe_derivatives(root, name, task.made_by)
        except OSError as error:
            raise unwritable(root, error) from error
    codes: list[int] = []
    kept, started = 0, time.perf_counter()
    first: tuple[Path, Path] | None = None
    with phase("predicting", len(pairs)) as on_done:
        for image, output in pairs:
            try:
                kept += _predict_one(arguments, image, output, task)
                first = first or (image, output)
            except SoftcordError as error:
                say(f"softcord: {told(error)}")
                codes.append(error.exit_code)
            on_done(image.name)
    if arguments.v and len(pairs) > 1:
        predicted = len(pairs) - kept - len(codes)
        took_s = time.perf_counter() - started
        show(f"{predicted} predicted, {kept} were there, {len(codes)} failed, in {took_s:.1f} s")
    if arguments.v and first:
        show_viewer(*first)
    return max(codes, default=DONE)


def _predict_one(arguments: argparse.Namespace, image: Path, output: Path, task: "Task") -> bool:
    """Predict an image, draw it and say so; return whether its mask was there already."""
    from softcord.predict.files import predict_file

    started = time.perf_counter()
    done = predict_file(image, output, task)
    for odd in done.oddities:
        say(f"softcord: {image}: {odd}.")
    if arguments.qc is not None:
        _draw(_picture(arguments.qc, output), image, output, done, task.volume)
    if done.outcome == "constant":
        raise DataError(image, f"is constant, so {output} is empty", "Check how the image was exported")
    if done.outcome == "no cord":
        say(f"softcord: {image}: no cord was found; {output} is empty.")
    elif done.is_unsure:
        what = "no cord could be followed; the mask is what looks most like one (Quality: low). Look at it"
        say(f"softcord: {image}: {what}: {output}")
    elif arguments.v:
        took_s = time.perf_counter() - started
        quality = "" if done.quality is None else f", {done.quality}"
        how = "is there already" if done.is_kept else f"{took_s:.1f} s, {_SEGMENTED[done.looked]}"
        show(f"{output}  ({how}{quality})")
    return done.is_kept


def _draw(path: Path, image: Path, output: Path, done: "Done", volume: int | None) -> None:
    """Draw a mask; one that was kept only if it has no picture yet."""
    from softcord.draw.qc import overlay_png
    from softcord.io.nifti import read_volume

    if done.is_kept and path.exists():
        return
    drawn, softseg = done.image or read_volume(image, volume), done.softseg or read_volume(output)
    try:
        overlay_png(drawn, softseg, None, path, image.name)
    except OSError as error:
        raise unwritable(path, error) from error
