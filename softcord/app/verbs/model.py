"""`softcord model`: registered models, their versions and aliases; a model's card and its self-test."""

import argparse
import json
import re
import time
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from softcord.app.console.exit_codes import DONE
from softcord.app.console.flags import FlagParser, LineParser
from softcord.app.console.model_flags import add_model_flags, add_place_flags
from softcord.app.console.streams import say, show
from softcord.errors import DataError, RunError, UsageError

if TYPE_CHECKING:
    from softcord.predict.package import Model
    from softcord.track.registry import Version
    from softcord.track.store import Store

SUMMARY = "registered models: list, show, promote, test"

_EXAMPLES = """\
softcord model promote demo/soft_all cord@best -note "first with dwi" -licence CC-BY-4.0
softcord predict -i t2.nii.gz -m cord@best
softcord model test cord@best               # does it make the same mask on this machine?

softcord model show cord lists its versions and what changed; of cord@best it shows the card.
MODEL is what softcord predict -m takes. docs/models.md says more.
"""
_TARGET = re.compile(r"(?P<name>\w[\w.-]*)@(?P<alias>[A-Za-z_][\w-]*)")


def parser() -> FlagParser:
    """Return the parser of `softcord model`."""
    words = FlagParser(
        "model", "Registered models of the MLflow store, and what a model says of itself.", _EXAMPLES
    )
    verbs = words.add_subparsers(required=True, metavar="VERB", parser_class=LineParser)

    listing = verbs.add_parser("list", help="every registered version, with aliases")
    add_place_flags(listing)
    listing.set_defaults(verb=_list)

    shown = verbs.add_parser("show", help="a registered name's versions; any model's card")
    shown.add_argument("model", metavar="NAME|MODEL")
    add_place_flags(shown)
    shown.set_defaults(verb=_show)

    promote = verbs.add_parser("promote", help="register a model, and let an alias point at it")
    promote.add_argument("model", metavar="MODEL", help="as for softcord predict -m")
    promote.add_argument("target", metavar="NAME@ALIAS", help="cord@best: what -m then takes")
    promote.add_argument(
        "-note", "--note", metavar="TEXT", default="", help="what changed, for the changelog"
    )
    promote.add_argument("-drift", "--drift", type=Path, metavar="FILE", help="drift.json of softcord drift")
    promote.add_argument("-licence", "--licence", metavar="TEXT", help="who may do what with it: CC-BY-4.0")
    promote.add_argument(
        "-not-for",
        "--not-for",
        action="append",
        metavar="TEXT",
        help="what it must not be used for, besides what follows from its training; may be repeated",
    )
    add_place_flags(promote)
    promote.set_defaults(verb=_promote)

    test = verbs.add_parser("test", help="segment the small image that a package carries, and compare")
    test.add_argument("model", metavar="MODEL", help="as for softcord predict -m")
    add_model_flags(test, "float32")
    test.set_defaults(verb=_test)
    return words


def main(argv: list[str] | None = None) -> int:
    """Run `softcord model`; return the exit code."""
    return parser().run(argv, lambda arguments: int(arguments.verb(arguments)))


def _list(arguments: argparse.Namespace) -> int:
    from softcord.app.results.study_text import columns

    if not (found := _versions(arguments)):
        show(f"No model is registered in {arguments.store}/; `softcord model promote` registers one")
        return DONE
    rows: list[tuple[str, ...]] = [
        ("name", "version", "aliases", "model", "from", "weights", "registered", "note")
    ]
    rows += [(one.name, *_row(one)) for one in found]
    show(columns(rows))
    return DONE


def _row(one: "Version") -> tuple[str, ...]:
    day = time.strftime("%Y-%m-%d", time.localtime(one.registered_at))
    facts = [one.facts.get(key, "-") for key in ("method", "source")]
    weights = one.facts.get("weights_sha256", "-")[:12]
    return str(one.number), " ".join(one.aliases) or "-", *facts, weights, day, one.note or "-"


def _show(arguments: argparse.Namespace) -> int:
    from softcord.app.results.study_text import columns

    word: str = arguments.model
    is_name = re.fullmatch(r"\w[\w.-]*", word) and not Path(word).exists()
    if is_name and (found := [one for one in _versions(arguments) if one.name == word]):
        show(
            columns(
                [("version", "aliases", "model", "from", "weights", "registered", "note"), *map(_row, found)]
            )
        )
        return DONE
    from softcord.predict.card import card_text
    from softcord.predict.package import weights_sha256

    model = _model(arguments)
    described = asdict(model.description)
    show(card_text(described, sum(value.numel() for value in model.net.state_dict().values())))
    show(f"weights    sha256 {weights_sha256(model)}")
    show(
        f"self-test  {'run by softcord model test' if model.self_test else 'none; softcord export makes one'}"
    )
    return DONE


def _promote(arguments: argparse.Namespace) -> int:
    from softcord.app.models.find import registered_version
    from softcord.track.registry import changing, check_alias, find_version, set_note
    from softcord.track.store import open_store

    said = _TARGET.fullmatch(arguments.target)
    if said is None:
        what = f"must be NAME@ALIAS such as cord@best, got {arguments.target}"
        raise UsageError("softcord model promote", what, "An alias begins with a letter")
    name, alias = said["name"], said["alias"]
    check_alias(alias)
    given = registered_version(arguments.model, arguments.outputs, arguments.store)
    is_there = given is not None and given.name == name
    model = None if is_there and not _changes_card(arguments) else _model(arguments)
    store = open_store(arguments.store)
    with changing(store):
        before = find_version(store, arguments.target)
        if is_there and given is not None:
            # A version with another card is of the same change.
            arguments.note = arguments.note or given.note
        version = given if model is None else _registered(arguments, model, store, name, before)
        assert version is not None
        if arguments.note and arguments.note != version.note:
            set_note(store, version, arguments.note)
        _move_alias(store, alias, version, before)
    return DONE


def _move_alias(store: "Store", alias: str, version: "Version", before: "Version | None") -> None:
    """Let an alias point at a version, and say so; ``before`` is what it was at when the version was made.

    Another machine, which no lock of this one holds, may have moved it since, or move it right after.

    Raises:
        RunError: it points elsewhere as soon as it was moved.
    """
    from softcord.track.registry import find_version, set_alias

    target = f"{version.name}@{alias}"
    latest = find_version(store, target)
    set_alias(store, version, alias)
    now = find_version(store, target)
    if now is None or now.number != version.number:
        at = f"at version {now.number}" if now else "nowhere"
        what = f"points {at}, as another promotion moved it right after this one"
        raise RunError(target, what, f"Promote {version.word} if it should be that one")
    if latest and latest.number not in (version.number, before and before.number):
        what = "which another promotion had moved it to while this one was at work"
        say(f"softcord: {target}: was at version {latest.number}, {what}.")
    was = f", before it version {latest.number}" if latest and latest.number != version.number else ""
    show(f"{target} is version {version.number} of {version.name}{was}")


def _changes_card(arguments: argparse.Namespace) -> bool:
    return bool(arguments.drift or arguments.licence or arguments.not_for)


def _registered(
    arguments: argparse.Namespace, model: "Model", store: "Store", name: str, before: "Version | None"
) -> "Version":
    """Return the version of a model's package: the one that is there, or a new one."""
    from softcord.app.records.model_facts import with_facts_of
    from softcord.predict.package import weights_sha256, write_package
    from softcord.predict.package_files import CARD, CHECKSUMS, sha256
    from softcord.predict.self_test import with_self_test
    from softcord.track.registry import register, versions

    model = with_facts_of(arguments.model, model, arguments.outputs, arguments.store)
    model = with_self_test(_described(arguments, model, before))
    if model.self_test is None:
        say(f"softcord: {arguments.model}: carries no self-test: it finds no cord in a phantom.")
    made_by = model.description.provenance
    with TemporaryDirectory() as folder:
        package = write_package(Path(folder) / "model", model)
        facts = {
            "method": model.description.name,
            "source": f"{made_by['study']}/{made_by['run']}"
            if {"study", "run"} <= made_by.keys()
            else arguments.model,
            "weights_sha256": weights_sha256(model),
            "package_sha256": sha256((package / CHECKSUMS).read_bytes()),
        }
        for one in versions(store, name):
            if one.facts.get("package_sha256") == facts["package_sha256"]:
                return one
        return register(store, name, package, (package / CARD).read_text(), arguments.note, facts)


def _described(arguments: argparse.Namespace, model: "Model", before: "Version | None") -> "Model":
    described = model.description
    if arguments.licence:
        described = replace(described, licence=arguments.licence)
    if arguments.not_for:
        described = replace(described, not_for=tuple(arguments.not_for))
    if arguments.drift:
        described = replace(described, drift=_drift(arguments.drift, model, before))
    return replace(model, description=described)


def _drift(path: Path, model: "Model", before: "Version | None") -> str:
    """Return the sentence of a drift.json, if it is about these very weights."""
    from softcord.predict.package import weights_sha256

    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        sentence, old, new = (
            str(said[key]) for key in ("sentence", "old_weights_sha256", "new_weights_sha256")
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(path, "is no drift.json", "softcord drift writes one") from error
    hint = "Run softcord drift with these two models"
    if new != weights_sha256(model):
        raise DataError(path, f"is about other weights ({new[:12]}) than this model's", hint)
    if before and old != before.facts.get("weights_sha256", old):
        raise DataError(path, f"does not compare with version {before.number}, which the alias is at", hint)
    return sentence


def _test(arguments: argparse.Namespace) -> int:
    if arguments.threads is not None and arguments.threads < 1:
        raise UsageError("-threads", f"must be at least 1, got {arguments.threads}")
    import torch

    from softcord.app.models.ready import make_ready
    from softcord.predict.self_test import run_self_test

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    model = _model(arguments)
    result = run_self_test(model, make_ready(model, arguments.device, arguments.precision))
    if result is None:
        raise DataError(arguments.model, "carries no self-test", "softcord export and model promote make one")
    if not result.passed:
        hint = "Compare softcord and torch with those that its card names, and do not trust its masks here"
        raise RunError(arguments.model, f"makes another mask here than where it was written: {result}", hint)
    show(f"{arguments.model}: the same mask as where it was written: {result}")
    return DONE


def _model(arguments: argparse.Namespace) -> "Model":
    from softcord.app.models.find import find_model

    return find_model(arguments.model, arguments.outputs, arguments.store, getattr(arguments, "allow", None))


def _versions(arguments: argparse.Namespace) -> "list[Version]":
    from softcord.track.check_store import has_store
    from softcord.track.registry import versions
    from softcord.track.store import open_store

    return versions(open_store(arguments.store)) if has_store(arguments.store) else []
