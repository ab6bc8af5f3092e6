"""How uvicorn serves the app, in a Pod as on the user's machine."""

from typing import Any


def server_options(header_bytes: int) -> dict[str, Any]:
    """No access log: what matters is logged where it is written. Nobody's word is taken for another address."""
    return {
        "http": "h11",
        "h11_max_incomplete_event_size": header_bytes,
        "ws": "none",
        "access_log": False,
        "log_config": None,
        "proxy_headers": False,
        "server_header": False,
        "date_header": True,
        "timeout_graceful_shutdown": 5,  # then streams are cut
        "timeout_keep_alive": 20,
        "limit_concurrency": 2000,
    }
