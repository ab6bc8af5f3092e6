"""`files`: from the job to its claim, through a reader Pod, to the terminal or a folder of this machine."""

import json
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from kubectl_marianne import exits
from kubectl_marianne.fetch import pods_of
from kubectl_marianne.files_pod import ReaderError, ask_pod
from kubectl_marianne.files_reader import NoImageError, Question, claim_of, image_of, reader
from kubectl_marianne.lines import Line, grid, line
from kubectl_marianne.output import complain, show, tell
from kubectl_marianne.session import Session
from marianne_client import paths
from marianne_client.identity import JobId
from marianne_client.terminal_text import visible


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line."""

    verb: str
    path: str
    target: Path
    image: str | None
    timeout_seconds: float | None


async def answer(opened: Session, job: JobId, asked: Asked) -> int:
    """The exit code."""
    body = await opened.connection.get(paths.job(job.namespace, job.name))
    claim = await opened.connection.get(paths.namespaced(job.namespace, "persistentvolumeclaims", claim_of(body)[0]))
    with tempfile.TemporaryFile() as held:
        try:
            image = asked.image or image_of(await pods_of(opened, job))
            manifest = reader(body, claim, image, Question(asked.verb, asked.path))
            await ask_pod(opened.connection, manifest, held, asked.timeout_seconds)
            held.seek(0)
            _deliver(opened, held, asked)
        except TimeoutError as error:
            complain(f"error: the reader Pod has not answered within the time-out: {error}".rstrip(": "))
            return exits.TIMED_OUT
        except BrokenPipeError:  # its reader has left: the process ends quietly
            raise
        except (NoImageError, ReaderError, OSError, tarfile.TarError) as error:
            complain(f"error: {error}")
            return exits.ERROR
    return exits.OK


def _deliver(opened: Session, held: IO[bytes], asked: Asked) -> None:
    if asked.verb == "ls":
        show(listing([json.loads(each) for each in held]), opened.screen)
    elif asked.verb == "cp":
        for name in unpack(held, asked.target):
            show([line(name)], opened.screen)
    elif opened.screen.width is None:
        sys.stdout.buffer.write(held.read())
    else:
        for each in held.read().decode("utf-8", "replace").splitlines():
            tell(visible(each, colours=opened.screen.fancy))


def listing(entries: list[Mapping[str, Any]]) -> list[Line]:
    """Size and path; a folder ends in a slash, a link in an at sign, as `ls -F` has it."""
    ends = {"folder": "/", "link": "@"}
    rows = [
        ("-" if each["kind"] == "folder" else str(each["size"]), each["path"] + ends.get(each["kind"], ""))
        for each in sorted(entries, key=lambda each: each["path"])
    ]
    return grid([("SIZE", "PATH"), *rows], None, "", ()) if rows else [line("the workspace is empty")]


def unpack(archive: IO[bytes], target: Path) -> list[str]:
    """What was written, all of it below `target`; links that lead elsewhere are left out, and told."""
    target.mkdir(parents=True, exist_ok=True)
    written = []
    with tarfile.open(fileobj=archive, mode="r:gz") as opened:
        for member in opened:
            try:
                opened.extract(member, target, filter="data")
            except tarfile.FilterError as error:
                complain(f"left out: {error}")
            else:
                written += [str(target / member.name)] if member.isfile() else []
    return written
