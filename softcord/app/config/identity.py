"""What of a configuration is part of a run's identity: a change of it makes another run."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from softcord.app.config.datasets import data_content
from softcord.app.config.engine_facts import OF_TRAINING, EngineFacts
from softcord.app.own.code import checksums

# Where results lie and what they ran on does not change them; nor do the names given to them.
VOLATILE = (
    "paths",
    "machine",
    "trainer",
    "study",
    "evaluate",
    "rerun",
    "experiment",
    "baseline",
    "recipe",
    "compare",
    "check",
    "search",
)

# Keys that came later, each with what held before: where they say that, a run of before is the same.
_LATER: Mapping[str, Any] = {"tested_contrasts": None, "tails": False, "uncertainty": False, "metric": {}}


def digest(content: object) -> str:
    """SHA-256 of a JSON-like value, independent of the order of keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def about_results(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a configuration says about results."""
    return {key: value for key, value in config.items() if key not in VOLATILE}


def hash_of_config(
    config: Mapping[str, Any], engine: EngineFacts, unread: tuple[str, ...], start_sha256: str | None
) -> str:
    """Return the hash of all that a configuration says about the result.

    ``unread`` are groups that this run's data do not read; ``start_sha256`` is the checksum of the weights
    that a net starts with, wherever they lie, None for random ones.
    """
    kept = {key: value for key, value in about_results(config).items() if key not in unread}
    kept = {key: value for key, value in kept.items() if key not in _LATER or value != _LATER[key]}
    # Which data these are is the dataset's identity, wherever they lie.
    kept["data"] = data_content(kept["data"])
    # What is read of nnunet stands in the engine.
    train = {key: value for key, value in kept["train"].items() if key not in ("start_from", "nnunet")}
    kept["train"] = train if start_sha256 is None else {**train, "start_from": start_sha256}
    code = checksums({key: value for key, value in kept.items() if _is_read(key, engine)})
    kept["engine"] = engine.recorded(kept["engine"])
    content = {key: value for key, value in kept.items() if _is_read(key, engine)}
    return digest({**content, "code": code} if code else content)


def _is_read(key: str, engine: EngineFacts) -> bool:
    return key not in OF_TRAINING or key in engine.reads
