"""The API's process: uvicorn, TLS, and an end in good order."""

import asyncio
import logging
import os
import sys

from marianne_api.application import create_app
from marianne_api.serving import KeyPair, configuration, serve
from marianne_api.settings import ServerSettings, SettingsError, read_settings
from marianne_client.access import in_cluster
from marianne_operator import __version__, logs

log = logging.getLogger("marianne_api")


def main() -> int:
    """0 after a signal, 2 where the settings say nothing to start with."""
    try:
        server, settings = ServerSettings.of(os.environ), read_settings(os.environ)
        access = in_cluster(os.environ)
    except (SettingsError, KeyError) as error:
        print(f"marianne-api: {error}", file=sys.stderr)
        return 2
    logs.configure(server.log_level, server.log_style)
    for noisy in ("httpx", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    pair = KeyPair(server.certificate, server.key) if server.certificate and server.key else None
    config = configuration(create_app(settings, access), server.host, server.port, settings.limits.header_bytes, pair)
    log.info(
        "serving", extra={"version": __version__, "host": server.host, "port": server.port, "tls": pair is not None}
    )
    asyncio.run(serve(config, pair))
    return 0


if __name__ == "__main__":
    sys.exit(main())
