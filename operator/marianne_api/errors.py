"""Errors as Marianne's clients know them: `{"detail": ...}` with the seed's status codes and words."""

import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from marianne_api.limits import TooManyError
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


def not_found(job_id: str) -> HTTPException:
    """The seed's words."""
    return HTTPException(404, f"Score not found: {job_id}")


def add_handlers(app: FastAPI) -> None:
    """For whatever a route may raise."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ApiError, _refused)
    app.add_exception_handler(UnreachableError, _unreachable)
    app.add_exception_handler(UnknownIdError, _unknown_id)
    app.add_exception_handler(TooManyError, _too_many)


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


def _http(_request: Request, error: Exception) -> AsciiJSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  (Starlette's signature is wider than its calls)
    return problem(error.status_code, error.detail, error.headers)


def _invalid(_request: Request, error: Exception) -> AsciiJSONResponse:
    """Without the input: it may be large, secret or hostile."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    told = [{key: each[key] for key in ("type", "loc", "msg")} for each in error.errors()]
    return problem(422, told)


def _refused(_request: Request, error: Exception) -> AsciiJSONResponse:
    assert isinstance(error, ApiError)  # noqa: S101
    return refused(error)


def _unreachable(_request: Request, error: Exception) -> AsciiJSONResponse:
    assert isinstance(error, UnreachableError)  # noqa: S101
    return unreachable(error)


def _unknown_id(request: Request, error: Exception) -> AsciiJSONResponse:
    return problem(404, f"Score not found: {request.path_params.get('job_id', error)}")


def _too_many(_request: Request, error: Exception) -> AsciiJSONResponse:
    assert isinstance(error, TooManyError)  # noqa: S101
    return too_many(error)
