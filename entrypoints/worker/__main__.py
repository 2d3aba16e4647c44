"""Starts the worker: `python -m entrypoints.worker --processes 1 --threads 8`, settings from the environment.

The process is Dramatiq's main process, with one child per `--processes`; SIGTERM or SIGINT stops all of them within
10 s, a second one at once. When one child dies the whole stops with a code other than 0, for a supervisor to start it
anew. A thread runs one job at a time and uses one database connection: more threads than DATABASE_POOL_SIZE would wait
for each other.
"""

import argparse
import os
import runpy
import sys

from adapters.telemetry.logging import configure_logging, get_logger
from entrypoints.settings import Settings, SettingsError, read_settings
from entrypoints.wiring.version import product_version
from entrypoints.wiring.watching import Watching

PROCESSES = 1
THREADS = 8
SHUTDOWN_MILLISECONDS = 10_000
EXIT_SETTINGS = 2
EXIT_CANNOT_LISTEN = 1

# Dramatiq reads these once, when it is imported; it has no options for them. An idle worker looks for messages every
# 50 ms instead of every second, and after the broker was away it is back in 0.5 s instead of 3.
ENVIRONMENT = {"dramatiq_worker_timeout": "50", "dramatiq_restart_delay": "500"}


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and work until a signal comes. Exits with 2 when the settings cannot be used."""
    parser = argparse.ArgumentParser(prog="entrypoints.worker", description="Run the background worker.")
    parser.add_argument("--processes", type=int, default=PROCESSES, help="worker processes (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=THREADS, help="jobs at once, per process (default: %(default)s)")
    given = parser.parse_args(arguments)
    try:
        settings = read_settings()
        _ = settings.broker, settings.application_database
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_SETTINGS)
    run_worker(settings, processes=given.processes, threads=given.threads)


def run_worker(settings: Settings, *, processes: int, threads: int) -> None:
    """Become Dramatiq's main process. Its children read the settings again, from the same environment."""
    configure_logging(level=settings.log_level, service=settings.otel_service_name, component="worker")
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        watching = Watching(settings, component="worker", version=product_version(), processes=processes)
    except OSError as fault:
        host, port = settings.metrics_host, settings.metrics_port
        get_logger().error("metrics.cannot_listen", host=host, port=port, cause=str(fault))
        sys.exit(EXIT_CANNOT_LISTEN)
    # Only now, as it imports Dramatiq, which reads its own settings when it is imported.
    from entrypoints.worker.watch import share  # noqa: PLC0415 -- as said

    share(watching)
    sys.argv = ["dramatiq", *dramatiq_arguments(processes=processes, threads=threads)]
    runpy.run_module("dramatiq", run_name="__main__", alter_sys=True)


def dramatiq_arguments(*, processes: int, threads: int) -> list[str]:
    """Write Dramatiq's command line."""
    return [
        "entrypoints.worker.main:set_up",
        f"--processes={processes}",
        f"--threads={threads}",
        f"--worker-shutdown-timeout={SHUTDOWN_MILLISECONDS}",
        "--skip-logging",
    ]


if __name__ == "__main__":
    main()
