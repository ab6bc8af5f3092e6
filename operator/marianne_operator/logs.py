"""One road for every log line, Kopf's included: JSON for machines, colours for people."""

import logging
import sys
from typing import Literal

import structlog


def configure(level: str, style: Literal["json", "console"]) -> None:
    """Kopf is kept quiet: at INFO it tells of each event and each handler, two lines for every change of every Pod."""
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.types.Processor = structlog.dev.ConsoleRenderer()
    if style == "json":
        shared.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer(default=str)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("kopf", "kopf.objects", "kopf.activities", "aiohttp", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
