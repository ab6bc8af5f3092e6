"""What `run`, `convert` and `lint` are given: a score, or a MarianneJob that holds one."""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kubectl_marianne.process import asking
from marianne_client.submission import API_VERSION, job_body, slug, workspace_of
from marianne_operator.score.load import tree_of
from marianne_operator.score.plain import plain
from marianne_operator.score.refused import ScoreRefusedError

STANDARD_INPUT: Final = "-"
KIND: Final = "MarianneJob"


class ScoreFileError(Exception):
    """It cannot be read, or is neither a score nor one MarianneJob."""


@dataclass(frozen=True, slots=True)
class ScoreFile:
    """`job` where the file is a MarianneJob; `text` is the score in it, None where the job names a ConfigMap's."""

    label: str
    text: str | None
    job: Mapping[str, Any] | None = None
    first_line: int = 1
    """Where the score begins in the file: findings are told by the file's own lines."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the flags say about the job; None and False leave a MarianneJob's own fields alone.

    `usual_namespace` is the context's, for a job that names none.
    """

    usual_namespace: str
    namespace: str | None = None
    name: str | None = None
    workspace: str | None = None
    start_sheet: int | None = None
    self_healing: bool = False


def read(place: str) -> ScoreFile:
    """A file, or standard input for `-`; raises `ScoreFileError`."""
    try:
        with asking():
            raw = sys.stdin.buffer.read() if place == STANDARD_INPUT else Path(place).read_bytes()
        text = raw.decode()
    except OSError as error:
        raise ScoreFileError(f"{place}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ScoreFileError(f"{place}: it is not text in UTF-8 (byte {error.start})") from error
    return of("standard input" if place == STANDARD_INPUT else place, text)


def of(label: str, text: str) -> ScoreFile:
    """Told apart by `kind`; a text that is not YAML is a score: `lint` says better what is wrong with it."""
    if re.search(rf"^kind:\s*[\"']?{KIND}\b", text, re.MULTILINE) is None:
        return ScoreFile(label, text)
    try:
        job = plain(tree_of(text))
    except ScoreRefusedError as error:
        raise ScoreFileError(f"{label}: {error.message}") from error
    if job.get("kind") != KIND or job.get("apiVersion") != API_VERSION or not isinstance(job.get("metadata", {}), dict):
        raise ScoreFileError(f"{label}: it is to be one {KIND} of {API_VERSION}; for anything else use kubectl apply")
    return _of_job(label, job, text)


def job_of(file: ScoreFile, wanted: Wanted, score_name: str | None) -> dict[str, Any]:
    """What is created: a MarianneJob with the flags in it; raises `ScoreFileError` and `WorkspaceError`.

    A score's name becomes the beginning of the job's, so that the same score may be played again.
    """
    if file.job is None:
        return job_body(
            file.text,
            namespace=wanted.namespace or wanted.usual_namespace,
            name=wanted.name,
            generate_name=f"{slug(score_name or '')}-",
            workspace=wanted.workspace,
            start_sheet=wanted.start_sheet or 1,
            self_healing=wanted.self_healing,
        )
    return _with_flags(file, file.job, wanted)


def _with_flags(file: ScoreFile, job: Mapping[str, Any], wanted: Wanted) -> dict[str, Any]:
    metadata, spec = dict(job.get("metadata") or {}), dict(job.get("spec") or {})
    own = metadata.get("namespace") or wanted.namespace or wanted.usual_namespace
    if wanted.namespace not in (None, own):
        raise ScoreFileError(f"{file.label}: the job is of namespace {own!r}, but {wanted.namespace!r} was asked for")
    metadata["namespace"] = own
    if wanted.name:
        metadata.pop("generateName", None)
        metadata["name"] = wanted.name
    spec |= {"workspace": workspace_of(wanted.workspace)} if wanted.workspace else {}
    spec |= {"startSheet": wanted.start_sheet} if wanted.start_sheet else {}
    spec |= {"selfHealing": True} if wanted.self_healing else {}
    return {**job, "metadata": metadata, "spec": spec}


def _of_job(label: str, job: Mapping[str, Any], text: str) -> ScoreFile:
    spec = job.get("spec")
    if not isinstance(spec, Mapping):
        raise ScoreFileError(f"{label}: spec: it is missing")
    if isinstance(spec.get("scoreText"), str):
        return ScoreFile(label, spec["scoreText"], job, _line_of(text, "scoreText") + 1)
    if isinstance(spec.get("score"), Mapping):
        return ScoreFile(label, json.dumps(spec["score"]), job)
    return ScoreFile(label, None, job)


def _line_of(text: str, key: str) -> int:
    """A literal block's lines are the file's own, one for one; 0 where the score is written otherwise."""
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"\s+{key}:\s*\|", line):
            return number
    return 0
