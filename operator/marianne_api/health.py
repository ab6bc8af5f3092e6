"""For probes, without a token."""

from fastapi import APIRouter

from marianne_operator import __version__

router = APIRouter(tags=["Health"])


@router.get("/health")
async def health() -> dict[str, str]:
    """The process lives."""
    return {"status": "healthy", "version": __version__, "service": "marianne-api"}


@router.get("/readyz")
async def readyz() -> dict[str, str]:
    """It can answer. Without the API server too: a 503 in words is more than a Service without endpoints."""
    return {"status": "ready"}
