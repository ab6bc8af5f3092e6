"""The app: routes behind a door that lets in whom the API server knows."""

import contextlib
from collections.abc import AsyncIterator
from typing import Final

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer
from starlette.middleware.cors import CORSMiddleware

from marianne_api import attempts, conductor, errors, health, jobs, logs_routes, read, scores, sheets
from marianne_api.authentication import Authentication, Authenticator, ForwardedTokens, OwnToken
from marianne_api.dependencies import AppState, Times
from marianne_api.guard import Guard
from marianne_api.limits import Buckets, StreamSlots, Turns
from marianne_api.rates import Rates
from marianne_api.safe_headers import REQUEST_ID, SafeHeaders
from marianne_api.settings import ApiSettings
from marianne_client.access import Access
from marianne_client.connection import open_client
from marianne_operator import __version__
from marianne_operator.score.sandbox import Sandbox

ANSWER_SECONDS: Final = 4.0
"""For the API server: a caller hears of its silence within five."""
DESCRIBED_BEARER: Final = Depends(HTTPBearer(auto_error=False, description="A token that the API server knows"))
"""For the description alone: the door has judged the token before."""


def create_app(
    settings: ApiSettings, access: Access, *, own_token: str | None = None, times: Times | None = None
) -> FastAPI:
    """Callers' tokens go to the API server; with `own_token`, that one alone opens, and `access` has the credential."""
    state = _state(settings, access, times or Times())
    app = FastAPI(
        title="Marianne job control",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.marianne = state
    errors.add_handlers(app)
    app.include_router(health.router)
    # The conductor's status first: its path would be that of a job called `daemon`.
    for module in (conductor, jobs, sheets, attempts, read, logs_routes, scores):
        app.include_router(module.router, responses=errors.PROBLEMS, dependencies=[DESCRIBED_BEARER])
    _add_door(app, state, _authenticator(state, own_token))
    return app


def _state(settings: ApiSettings, access: Access, times: Times) -> AppState:
    limits = settings.limits
    client = open_client(access, timeout=ANSWER_SECONDS, connections=3 * limits.streams_in_all + 200)
    return AppState(
        settings=settings,
        access=access,
        client=client,
        sandbox=Sandbox(),
        streams=StreamSlots(limits.streams, limits.streams_in_all),
        readers=Turns(limits.scores_waiting),
        times=times,
        closing=contextlib.AsyncExitStack(),
    )


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state: AppState = app.state.marianne
    async with state.client, state.sandbox, state.closing:
        yield


def _authenticator(state: AppState, own_token: str | None) -> Authenticator:
    manager, limits, clock = state.settings.field_manager, state.settings.limits, state.times.clock
    if own_token is not None:
        return OwnToken(state.client, state.access, manager, own_token)
    peers = Buckets(limits.unknown_tokens_per_second, limits.unknown_tokens_at_once, clock)
    return ForwardedTokens(state.client, manager, peers, clock)


def _add_door(app: FastAPI, state: AppState, authenticator: Authenticator) -> None:
    """The last that is added is the first that a request meets."""
    settings = state.settings
    app.add_middleware(Rates, limits=settings.limits, clock=state.times.clock)
    app.add_middleware(Authentication, authenticator=authenticator)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Prefer", "Last-Event-ID"],
            expose_headers=["Retry-After", REQUEST_ID],
        )
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(SafeHeaders, new_id=state.times.token)
