"""Writes every log line of the process, ours and the libraries', as one JSON object with the same eight keys."""

import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import MutableMapping, Sequence
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

import msgspec
import structlog
from structlog.typing import FilteringBoundLogger, Processor, WrappedLogger

from adapters.telemetry.redaction import Plain, redacted, scrubbed

TRACEBACK_MAX: Final = 16_384
"""Characters of a traceback that are kept, from its end: the fault is at the end."""

_LIBRARIES: Final = ("uvicorn", "uvicorn.error", "uvicorn.access", "dramatiq", "sqlalchemy", "aiohttp")
_LEVELS: Final = ("debug", "info", "warning", "error", "critical")

# C1 controls, line and paragraph separators and bidirectional overrides: legal inside JSON, but they break lines or
# deceive the eye in a viewer. The UTF-8 bytes of U+0080-9F, U+200E-200F, U+2028-202E and U+2066-2069.
_DECEPTIVE: Final = re.compile(rb"\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]")


def configure_logging(*, level: str, service: str, component: str, stream: BinaryIO | None = None) -> None:
    """Send structlog and the standard library's logging to `stream` (standard error) as JSON lines.

    Keys: `timestamp` (ISO 8601, UTC, microseconds, `Z`), `level`, `service`, `component`, `request_id`, `user_id`,
    `message`, `details`. `request_id` and `user_id` come from structlog's context variables or the call, else null.
    Raises ValueError for a level that is not one of debug, info, warning, error, critical (any case).
    """
    if level.lower() not in _LEVELS:
        raise ValueError(f"the log level {level!r} is not one of {', '.join(_LEVELS)}")
    lines = Lines(stream or sys.stderr.buffer, service=service, component=component)
    processors: list[Processor] = [structlog.contextvars.merge_contextvars, lines.render]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(level.lower()),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=False,
    )
    _route_libraries(lines, level.upper())


def get_logger() -> FilteringBoundLogger:
    """Give a logger: `get_logger().info("payment.captured", payment_id=...)`. Events are past tense, with keys."""
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


def _route_libraries(lines: "Lines", level: str) -> None:
    root = logging.getLogger()
    root.handlers = [LibraryHandler(lines)]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for name in _LIBRARIES:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    # The edge writes its own line for each request, with the route's template instead of the raw path.
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)


SafeWords = tuple[datetime, str, str, str | None, dict[str, Plain]]
"""Moment in UTC, level, request id, user id, details."""


class SafeLine(msgspec.Struct, frozen=True):
    """A line of which every word is ours: nothing in it has to be looked through for secrets."""

    timestamp: datetime
    level: str
    service: str
    component: str
    request_id: str
    user_id: str | None
    message: str
    details: dict[str, Plain]


class Lines:
    """The one place where lines are made and written. Logging never raises: a payment must not fail for its log."""

    def __init__(self, stream: BinaryIO, *, service: str, component: str) -> None:
        """Write to `stream`, naming the service and its component in each line."""
        self._stream = stream
        self._service = service
        self._component = component
        self._lock = threading.Lock()

    def render(self, _logger: WrappedLogger, level: str, event: MutableMapping[str, Any]) -> bytes:
        """Make one line of a structlog event; the last processor of the chain."""
        return self.line(level=level, event=dict(event), moment=datetime.now(UTC))

    def line(self, *, level: str, event: dict[str, Any], moment: datetime) -> bytes:
        """Make one line, without its newline. A line that cannot be made says so in its place."""
        try:
            told = _told(event)
        except Exception as fault:  # noqa: BLE001 -- a foreign mapping or `str` may raise anything
            told = {"message": "log.line_lost", "details": {"fault": type(fault).__name__}}
        content: dict[str, Plain] = {
            "timestamp": moment.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "level": level,
            "service": self._service,
            "component": self._component,
            "request_id": told.get("request_id"),
            "user_id": told.get("user_id"),
            "message": told["message"],
            "details": told["details"],
        }
        return _encoded(content)

    def write(self, line: bytes) -> None:
        """Write one line and flush it. A closed or full stream loses the line: there is nowhere left to say so."""
        try:
            with self._lock:
                self._stream.write(line + b"\n")
                self._stream.flush()
        except (OSError, ValueError):
            return

    def write_safe(self, message: str, told: Sequence[SafeWords]) -> None:
        """Write lines of which every word is ours, together."""
        made = [
            _encoder.encode(SafeLine(at, level, self._service, self._component, request_id, user_id, message, details))
            for at, level, request_id, user_id, details in told
        ]
        if made:
            self.write(b"\n".join(made))

    # structlog calls the method of the event's level on the innermost logger.
    debug = info = warning = warn = error = err = critical = fatal = exception = log = msg = write


def write_safe_lines(message: str, told: Sequence[SafeWords]) -> None:
    """Write many lines at once, of words that are all ours: (moment in UTC, level, request id, user id, details)."""
    lines = structlog.get_config()["logger_factory"]()
    if isinstance(lines, Lines):
        lines.write_safe(message, told)


class LibraryHandler(logging.Handler):
    """Turns the standard library's records into the same lines."""

    def __init__(self, lines: Lines) -> None:
        """Write through the same lines as structlog."""
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; its logger's name and traceback go to the details."""
        event = {**structlog.contextvars.get_contextvars(), "event": _message_of(record), "logger": record.name}
        if record.exc_info:
            event["exc_info"] = record.exc_info
        moment = datetime.fromtimestamp(record.created, UTC)
        self._lines.write(self._lines.line(level=record.levelname.lower(), event=event, moment=moment))


def _message_of(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 -- wrong format arguments in a library must not stop the caller
        return f"{record.msg} {record.args}"


def _told(event: dict[str, Any]) -> dict[str, Plain]:
    return {
        "request_id": redacted(event.pop("request_id", None)),
        "user_id": redacted(event.pop("user_id", None)),
        "message": scrubbed(str(event.pop("event", ""))),
        "details": _details(event),
    }


def _details(event: dict[str, Any]) -> Plain:
    exc_info = event.pop("exc_info", None)
    details = redacted(event)
    fault = sys.exc_info()[1] if exc_info is True else exc_info
    fault = fault[1] if isinstance(fault, tuple) else fault
    if isinstance(fault, BaseException) and isinstance(details, dict):
        details["exception"] = _exception(fault)
    return details


def _exception(fault: BaseException) -> Plain:
    """Show a fault with its traceback. Local variables are never shown: they hold what nobody chose to log."""
    text = "".join(traceback.format_exception(fault))
    kept = text if len(text) <= TRACEBACK_MAX else f"…{text[-TRACEBACK_MAX:]}"
    return {"type": type(fault).__name__, "traceback": scrubbed(kept, length_max=TRACEBACK_MAX + 1)}


_encoder: Final = msgspec.json.Encoder()


def _encoded(content: dict[str, Plain]) -> bytes:
    try:
        line = _encoder.encode(content)
    except UnicodeEncodeError:
        # A lone surrogate has no UTF-8; the standard library's escapes show it.
        return json.dumps(content).encode()
    return line if line.isascii() else _DECEPTIVE.sub(_escape, line)


def _escape(found: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % ord(found[0].decode())
