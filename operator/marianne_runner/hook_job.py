"""Start the next job of a chain from a file of the workspace, with the rights of the Pod's service account.

Agents write that file, so it is data only: it is read within its bounds, and goes as a text into an object that the
operator wrote. The token leaves this process towards the API server alone.
"""

import http.client
import json
import os
import ssl
import stat
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from marianne_runner.contract import SCORE_LIMIT, ErrandResult, Start
from marianne_runner.notice import Stay
from marianne_runner.places import Places

ACCOUNT_FOLDER: Final = "var/run/secrets/kubernetes.io/serviceaccount"
ANSWER_BYTES: Final = 16 * 1024
TRIES: Final = 3
PAUSE_SECONDS: Final = 1.0


class UnstartableError(Exception):
    """There is no score, or nobody to start it."""


class Reply(NamedTuple):
    """`again`: another try may end better. Without words it was made."""

    why: str = ""
    again: bool = False


def perform(
    start: Start,
    timeout: float,
    places: Places,
    result: ErrandResult,
    sleep: Callable[[float], None],
    interrupted: Callable[[], bool],
) -> None:
    """Into `result`: made, or why not."""
    name = start["body"]["metadata"]["name"]
    try:
        text = read(places.workspace, start["file"])
        request = _request(start, text, places.root / ACCOUNT_FOLDER)
        trusted = ssl.create_default_context(cafile=str(places.root / ACCOUNT_FOLDER / "ca.crt"))
    except (UnstartableError, OSError) as error:
        result["message"] = f"job {name} was not made: {error}"
        return
    direct = urllib.request.ProxyHandler({})
    opener = urllib.request.build_opener(direct, Stay, urllib.request.HTTPSHandler(context=trusted))
    for number in range(1, TRIES + 1):
        reply = _sent(opener, request, timeout / TRIES / 2, start["account"])
        if not reply.why:
            result["outcome"] = "succeeded"
            result["message"] = f"job {name} is there"
            return
        result["message"] = f"job {name} was not made: {reply.why}"
        if not reply.again or interrupted() or number == TRIES:
            return
        sleep(PAUSE_SECONDS)


def read(workspace: Path, file: str) -> str:
    """The score's text. Where a link leads is judged on the file that is open, so that nobody can exchange it."""
    descriptor = os.open(workspace / file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as opened:  # noqa: PTH123  (a descriptor)
        place = Path(f"/proc/self/fd/{descriptor}").readlink()
        if not place.is_relative_to(workspace.resolve()):
            raise UnstartableError(f"{file} leads out of the workspace")
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnstartableError(f"{file} is no file")
        held = opened.read(SCORE_LIMIT + 1)
    if len(held) > SCORE_LIMIT:
        raise UnstartableError(f"{file} has more than {SCORE_LIMIT} bytes")
    try:
        return held.decode()
    except UnicodeDecodeError:
        raise UnstartableError(f"{file} is no text in UTF-8") from None


def _request(start: Start, text: str, account: Path) -> urllib.request.Request:
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise UnstartableError("KUBERNETES_SERVICE_HOST is not set: no API server is known")
    body = start["body"]
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    group, namespace = body["apiVersion"], body["metadata"]["namespace"]
    made: dict[str, Any] = {**body, "spec": {**body["spec"], "scoreText": text}}
    headers = {
        "Authorization": f"Bearer {(account / 'token').read_text().strip()}",
        "Content-Type": "application/json",
        "Accept": "application/json",
        "User-Agent": "marianne-runner",
    }
    url = f"{server}/apis/{group}/namespaces/{namespace}/mariannejobs"
    return urllib.request.Request(url, json.dumps(made).encode(), headers, method="POST")  # noqa: S310  (https)


def _sent(
    opener: urllib.request.OpenerDirector, request: urllib.request.Request, timeout: float, account: str
) -> Reply:
    try:
        with opener.open(request, timeout=timeout):
            return Reply()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return _refused(refusal, account)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            return Reply(f"the API server's certificate is not trusted: {reason.verify_message}")
        told = getattr(reason, "strerror", None) or type(reason).__name__
        return Reply(f"the API server does not answer: {told}", again=True)


def _refused(refusal: urllib.error.HTTPError, account: str) -> Reply:
    """One of that name is there already: the operator, who can see its labels, says whose it is."""
    said = _status(refusal)
    if refusal.code == http.HTTPStatus.CONFLICT and said.get("reason") == "AlreadyExists":
        return Reply()
    words = str(said.get("message", "")) or http.client.responses.get(refusal.code, "")
    told = f"HTTP {refusal.code}: {words}"
    if refusal.code == http.HTTPStatus.FORBIDDEN and "exceeded quota" not in words:
        told = f"service account {account} needs a Role with create on mariannejobs.marianne.dev: {told}"
    again = refusal.code >= http.HTTPStatus.INTERNAL_SERVER_ERROR or refusal.code == http.HTTPStatus.TOO_MANY_REQUESTS
    return Reply(" ".join(told.split()), again)


def _status(refusal: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        said = json.loads(refusal.read(ANSWER_BYTES))
    except (OSError, http.client.HTTPException, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
