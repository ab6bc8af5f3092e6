"""`sheet --attempts`: from the Pods that are left, and with `--evidence` from the ledger through a reader Pod."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubectl_marianne import exits
from kubectl_marianne.fetch import look, pods_of
from kubectl_marianne.files_pod import ReaderError, ask_pod
from kubectl_marianne.files_reader import NoImageError, Question, claim_of, image_of, reader
from kubectl_marianne.layout_attempts import attempt_lines, evidence_lines
from kubectl_marianne.output import complain, show, show_object
from kubectl_marianne.session import Session
from marianne_client import paths
from marianne_client.attempts import attempt_details, attempts_by_sheet

Body = Mapping[str, Any]
Evidence = dict[int, Body]


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line."""

    sheet: int
    evidence: bool
    image: str | None
    timeout_seconds: float | None


async def show_attempts(opened: Session, job: Body, asked: Asked) -> int:
    """The exit code."""
    pods = await pods_of(opened, opened.job(job["metadata"]["name"]))
    found = attempts_by_sheet(pods, job).get(asked.sheet, [])
    try:
        kept = await _evidence(opened, job, pods, asked) if asked.evidence else {}
    except TimeoutError as error:
        complain(f"error: the reader Pod has not answered within the time-out: {error}".rstrip(": "))
        return exits.TIMED_OUT
    except (NoImageError, ReaderError) as error:
        complain(f"error: {error}")
        return exits.ERROR
    if opened.options.output in ("json", "yaml"):
        details = [_with(attempt_details(each), kept.get(each.number)) for each in found]
        body = {"job_id": job["metadata"]["name"], "sheet_num": asked.sheet, "attempts": details}
        show_object(opened.options.output, body)
        return exits.OK
    if found:
        show(attempt_lines(found, look(opened, opened.screen)), opened.screen)
    else:
        complain(f"No Pod of sheet {asked.sheet} is left.")
    for number in sorted(kept):
        show(evidence_lines(number, kept[number]), opened.screen)
    return exits.OK


def _with(details: dict[str, Any], kept: Body | None) -> dict[str, Any]:
    return details if kept is None else {**details, "evidence": kept}


async def _evidence(opened: Session, job: Body, pods: list[dict[str, Any]], asked: Asked) -> Evidence:
    """By attempt; raises `NoImageError`, `ReaderError`, `TimeoutError`."""
    namespace = job["metadata"]["namespace"]
    claim = await opened.connection.get(paths.namespaced(namespace, "persistentvolumeclaims", claim_of(job)[0]))
    question = Question("evidence", f"{job['metadata']['uid']}/s{asked.sheet}")
    manifest = reader(job, claim, asked.image or image_of(pods), question)
    with tempfile.TemporaryFile() as held:
        await ask_pod(opened.connection, manifest, held, asked.timeout_seconds)
        held.seek(0)
        return {each["attempt"]: each["files"] for each in map(json.loads, held)}
