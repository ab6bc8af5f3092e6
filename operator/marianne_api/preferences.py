"""`Prefer: respond-async` (RFC 7240): a wish that is only recorded is enough."""

from typing import Final

from fastapi import Request

RECORDED: Final = "recorded, acts when the conductor is back"


def may_wait(request: Request) -> bool:
    """Several preferences may stand in one header, or in several."""
    given = ",".join(request.headers.getlist("Prefer"))
    return any(part.partition(";")[0].strip().lower() == "respond-async" for part in given.split(","))
