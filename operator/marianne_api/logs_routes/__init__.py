"""What a job's sheets print: as a stream, as a file, and what is known of it. Read with the caller's own rights."""

from marianne_api.logs_routes.routes import router

__all__ = ["router"]
