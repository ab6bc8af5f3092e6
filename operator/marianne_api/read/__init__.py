"""Everything that only reads: lists, details, graphs and streams, with the caller's own rights."""

from fastapi import APIRouter

from marianne_api.read import job_routes, stream_routes

router = APIRouter()
router.include_router(job_routes.router)
router.include_router(stream_routes.router)
