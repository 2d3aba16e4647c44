"""Serve the HTTP API: `python -m entrypoints.http.main`, configured by the environment alone.

Almost all of a start is imports, so this file has few, and says what is to be left out of the others.
"""

import gc
import sys
from typing import Final

from entrypoints.http.left_out import left_out, put_off
from entrypoints.settings import SettingsError, read_settings

CONFIGURATION: Final = 78

UNUSED: Final = ("rich", "watchfiles")
"""structlog would paint tracebacks with the one, uvicorn would start anew when a file changes with the other."""

RARELY_USED: Final = "yaml"
"""Litestar writes the API's document in YAML with it, for who asks for that."""


def main() -> int:
    """Serve until told to stop; requests in flight are answered first. Exit code 78 when the settings are wrong."""
    try:
        settings = read_settings()
        database = settings.application_database
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 -- for the person who starts it
        return CONFIGURATION
    gc.disable()  # What is imported stays: to look for garbage in it takes an eighth of a start. See `Server.startup`.
    put_off(RARELY_USED)
    with left_out(*UNUSED):
        from entrypoints.http.serving import serve  # noqa: PLC0415 -- with everything, and only now
    return serve(settings, database=database.rpartition("@")[2])


if __name__ == "__main__":
    sys.exit(main())
