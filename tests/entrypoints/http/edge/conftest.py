"""Keeps what the edge logs, instead of letting it onto the terminal."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from adapters.telemetry.logging import configure_logging


@pytest.fixture(autouse=True)
def log_stream() -> Iterator[io.BytesIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.BytesIO()
    configure_logging(level="debug", service="mediator", component="api", stream=stream)
    root.setLevel(logging.WARNING)
    yield stream
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level


@pytest.fixture
def logged(log_stream: io.BytesIO) -> Callable[[], list[dict[str, Any]]]:
    """Give the lines that were logged so far."""
    return lambda: [json.loads(line) for line in log_stream.getvalue().splitlines()]
