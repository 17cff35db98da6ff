"""Ask the official BIDS validator, where it is installed, what it makes of a dataset."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from softcord.data.checks.findings import Finding
from softcord.hints import counted

VALIDATOR = "bids-validator-deno"


def bids_findings(root: Path) -> Iterator[Finding]:
    """Yield the validator's errors as warnings, since softcord reads such data all the same.

    Its own warnings, mostly recommended keys that a sidecar lacks, are counted only. Headers are left to
    :mod:`softcord.data.checks.volumes`. It is part of the extra ``dev``; without it there is a note.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    validator = shutil.which(VALIDATOR, path=path)
    if validator is None:
        hint = "pip install bids-validator-deno"
        yield Finding("note", "BIDS validity not checked", str(root), detail="no validator", hint=hint)
        return
    command = [validator, "--format", "json", "--ignoreNiftiHeaders", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)["issues"]
        issues: list[dict[str, Any]] = report["issues"]
        texts: dict[str, str] = report["codeMessages"]
    except (ValueError, KeyError, TypeError):
        detail = f"the validator failed: {' '.join(done.stderr.split())[:200]}"
        yield Finding("note", "BIDS validity not checked", str(root), detail=detail)
        return
    errors = [issue for issue in issues if issue.get("severity") == "error"]
    for issue in errors:
        kind = " ".join(filter(None, (issue.get("code"), issue.get("subCode"))))
        file = f"{root}{issue.get('location', '')}"
        hint = " ".join(texts.get(str(issue.get("code")), "").split())
        yield Finding("warning", f"BIDS: {kind}", file, hint=hint)
    if len(issues) > len(errors):
        detail = f"{counted(len(issues) - len(errors), 'recommendation')} of the BIDS validator"
        yield Finding(
            "note", "BIDS recommendations", str(root), detail=detail, hint=f"Run {VALIDATOR} to see them"
        )
