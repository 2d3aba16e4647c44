"""Serve the HTTP API: `python -m entrypoints.http.main`, configured by the environment alone."""

import sys

import uvicorn
from litestar.types import ASGIApp

from adapters.telemetry.logging import configure_logging, get_logger
from entrypoints.http.app import make_app
from entrypoints.settings import Settings, SettingsError, read_settings

DRAIN_SECONDS = 4
"""How long a stopping server waits for the requests that it has."""


def application() -> ASGIApp:
    """Make the application of one server process."""
    settings = read_settings()
    _log(settings)
    return make_app(settings)


def _log(settings: Settings) -> None:
    configure_logging(level=settings.log_level, service=settings.otel_service_name, component="api")


def main() -> int:
    """Serve until told to stop; requests in flight are answered first. Exit code 78 when the settings are wrong."""
    try:
        settings = read_settings()
        needed = settings.application_database
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 -- for the person who starts it
        return 78
    _log(settings)
    get_logger().info("api.started", database=needed.rpartition("@")[2])
    uvicorn.run(
        "entrypoints.http.main:application",
        factory=True,
        host=settings.api_host,
        port=settings.api_port,
        workers=settings.api_workers,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
