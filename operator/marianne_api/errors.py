"""Errors as Marianne's clients know them: `{"detail": ...}` with the seed's status codes and words."""

import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from marianne_api.limits import TooManyError
from marianne_api.safe_headers import REQUEST_ID, SENT_ALWAYS
from marianne_client.errors import ApiError, UnknownIdError, UnreachableError

UNAVAILABLE: Final = "Conductor unavailable"
CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}
log = logging.getLogger("marianne_api")


class AsciiJSONResponse(JSONResponse):
    """What was sent may come back in an error; text that is no Unicode must not become a 500 there."""

    def render(self, content: Any) -> bytes:  # noqa: ANN401  (the base class's own signature)
        """Escaped."""
        return json.dumps(content).encode()


def problem(status: int, detail: object, headers: Mapping[str, str] | None = None) -> AsciiJSONResponse:
    """The body of every error."""
    return AsciiJSONResponse({"detail": detail}, status, dict(headers or {}))


class Problem(BaseModel):
    """Any error; a 422 lists what is wrong, the others say it."""

    detail: str


PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem, "description": meaning}
    for status, meaning in {
        400: "Not a sensible request",
        401: "No token, or none that the API server knows",
        403: "The API server's own words: who may not do what",
        404: "Not found",
        409: "Not in this state, or the name is taken",
        413: "The body is too large",
        429: "Too often, or too many at once; see Retry-After",
        503: UNAVAILABLE,
    }.items()
}
"""For the description of the routes."""


def not_found(job_id: str) -> HTTPException:
    """The seed's words."""
    return HTTPException(404, f"Score not found: {job_id}")


def add_handlers(app: FastAPI) -> None:
    """For whatever a route may raise."""
    for kind in (HTTPException, RequestValidationError, ApiError, UnreachableError, UnknownIdError, TooManyError):
        app.add_exception_handler(kind, _answer)
    app.add_exception_handler(Exception, _broken)


def refused(error: ApiError) -> AsciiJSONResponse:
    """The API server's own words: they name the user, verb and resource."""
    status = error.status if 400 <= error.status < 500 else 503
    return problem(status, error.message, CHALLENGE if status == 401 else None)


def unreachable(error: UnreachableError) -> AsciiJSONResponse:
    """Why is for our log alone: it names addresses inside the cluster."""
    log.warning("the API server does not answer", extra={"why": str(error)[:500]})
    return problem(503, UNAVAILABLE)


def too_many(error: TooManyError) -> AsciiJSONResponse:
    """With the time to wait."""
    return problem(429, error.message, {"Retry-After": str(error.retry_after)})


def _answer(request: Request, error: Exception) -> AsciiJSONResponse:
    match error:
        case HTTPException():
            return problem(error.status_code, error.detail, error.headers)
        case RequestValidationError():  # without the input: it may be large, secret or hostile
            return problem(422, [{key: each[key] for key in ("type", "loc", "msg")} for each in error.errors()])
        case ApiError():
            return refused(error)
        case UnreachableError():
            return unreachable(error)
        case TooManyError():
            return too_many(error)
    return problem(404, f"Score not found: {request.path_params.get('job_id', error)}")


def _broken(request: Request, _error: Exception) -> AsciiJSONResponse:
    """A mistake of ours; the server logs it with its place. It is answered outside of all that adds headers."""
    log.error("a request failed", extra={"request_id": request.state.request_id})
    return problem(500, "Internal error", {**SENT_ALWAYS, REQUEST_ID: request.state.request_id})
