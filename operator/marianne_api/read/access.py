"""What the read routes are given: the hub of this process, and whose jobs a request speaks of."""

from typing import Annotated, Final

from fastapi import Depends, Query, Request
from starlette.exceptions import HTTPException

from marianne_api.dependencies import StateDep
from marianne_api.read.hub import Hub
from marianne_api.read.table_watch import Scope
from marianne_api.read.timing import Timing
from marianne_client.identity import NAMESPACE

SELECTOR: Final = 1024
"""Of characters; the API server judges the rest."""


async def hub_of(request: Request, state: StateDep) -> Hub:
    """Begun by the first who needs it; ended with the process."""
    hub: Hub | None = getattr(request.app.state, "hub", None)
    if hub is None:
        hub = request.app.state.hub = Hub(Timing())
        state.closing.callback(hub.close)
    return hub


async def _scope(
    state: StateDep,
    namespace: Annotated[
        str | None, Query(max_length=63, description="All that the caller may list, if omitted")
    ] = None,
    label: Annotated[str, Query(max_length=SELECTOR, description="A label selector, as kubectl's `-l`")] = "",
) -> Scope:
    served = state.settings.namespaces
    namespace = namespace or state.settings.bound
    if namespace is None and served:
        raise HTTPException(400, f"Name one of the namespaces that are served here: {', '.join(served)}")
    if namespace is not None and (NAMESPACE.fullmatch(namespace) is None or (served and namespace not in served)):
        raise HTTPException(404, f"Namespace not found: {namespace}")
    return Scope(namespace, label.strip())


async def last_event_id(request: Request) -> int:
    """The version that a reader knows, which comes again after its connection was cut; 0: none that we gave."""
    text = request.headers.get("last-event-id", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else 0


async def _poll_interval(
    poll_interval: Annotated[float | None, Query(description="Accepted, and of no effect")] = None,
) -> None:
    if poll_interval is not None and not 0.1 <= poll_interval <= 30.0:
        raise HTTPException(400, "poll_interval must be between 0.1 and 30 seconds")


HubDep = Annotated[Hub, Depends(hub_of)]
ScopeDep = Annotated[Scope, Depends(_scope)]
LastEventIdDep = Annotated[int, Depends(last_event_id)]
PollIntervalDep = Annotated[None, Depends(_poll_interval)]
