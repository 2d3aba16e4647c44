"""Every line of the process is one JSON object with the same eight keys."""

import io
import json
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from adapters.telemetry.logging import LibraryHandler, Lines, configure_logging, get_logger

KEYS = ["timestamp", "level", "service", "component", "request_id", "user_id", "message", "details"]
SECRET = "fmk_test_0123456789abcdefghijABCDEFGHIJ01234567"

Written = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _configuration_of_the_process_is_given_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    structlog.contextvars.clear_contextvars()
    yield
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level


@pytest.fixture
def stream() -> io.BytesIO:
    stream = io.BytesIO()
    configure_logging(level="info", service="mediator", component="api", stream=stream)
    return stream


@pytest.fixture
def written(stream: io.BytesIO) -> Written:
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_exactly_the_eight_keys(written: Written) -> None:
    structlog.contextvars.bind_contextvars(request_id="req_1", user_id="usr_1", tenant_id="ten_1")

    get_logger().info("payment.captured", payment_id="pay_1", amount=1234)

    (line,) = written()
    assert list(line) == KEYS
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line.pop("timestamp"))
    assert line == {
        "level": "info",
        "service": "mediator",
        "component": "api",
        "request_id": "req_1",
        "user_id": "usr_1",
        "message": "payment.captured",
        "details": {"tenant_id": "ten_1", "payment_id": "pay_1", "amount": 1234},
    }


def test_a_line_outside_of_a_request_has_null_ids(written: Written) -> None:
    get_logger().warning("relay.late")

    (line,) = written()
    assert list(line) == KEYS
    assert (line["request_id"], line["user_id"], line["level"]) == (None, None, "warning")


@pytest.mark.parametrize("name", ["uvicorn.error", "sqlalchemy.pool", "dramatiq.worker", "aiohttp.client", "anything"])
def test_a_line_of_a_library_has_the_same_form(written: Written, name: str) -> None:
    structlog.contextvars.bind_contextvars(request_id="req_1")

    logging.getLogger(name).warning("connection %s lost", 7)

    (line,) = written()
    assert list(line) == KEYS
    assert line["message"] == "connection 7 lost"
    assert line["request_id"] == "req_1"
    assert line["details"] == {"logger": name}


def test_a_library_handler_of_its_own_is_replaced() -> None:
    logging.getLogger("uvicorn").addHandler(logging.StreamHandler())
    stream = io.BytesIO()

    configure_logging(level="info", service="mediator", component="api", stream=stream)
    logging.getLogger("uvicorn").error("once")

    assert logging.getLogger("uvicorn").handlers == []
    assert len(stream.getvalue().splitlines()) == 1


def test_a_warning_of_python_becomes_a_line() -> None:
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        configure_logging(level="info", service="mediator", component="api", stream=stream)
        warnings.warn("old way", DeprecationWarning, stacklevel=1)
        # While the warnings' own hook is still ours: leaving the block puts back what was there before.
        logging.captureWarnings(capture=False)

    line = json.loads(stream.getvalue())
    assert "old way" in line["message"]
    assert line["details"] == {"logger": "py.warnings"}


def test_a_level_below_the_chosen_one_is_not_written(written: Written) -> None:
    get_logger().debug("nothing")
    logging.getLogger("aiohttp").debug("nothing")

    assert written() == []


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="'loud' is not one of debug, info"):
        configure_logging(level="loud", service="mediator", component="api", stream=io.BytesIO())


def test_secrets_are_hidden_everywhere_in_a_line(stream: io.BytesIO) -> None:
    get_logger().info(f"used {SECRET}", api_key=SECRET, deep={"list": [SECRET, {"password": "hunter2"}]})
    logging.getLogger("uvicorn.error").error("header Authorization: Bearer hunter2 %s", SECRET)
    try:
        _fail(f"no answer for {SECRET}, password=hunter2")
    except RuntimeError:
        get_logger().exception("call.failed")

    assert len(stream.getvalue().splitlines()) == 3
    assert SECRET.encode() not in stream.getvalue()
    assert b"hunter2" not in stream.getvalue()


def test_a_fault_is_written_with_its_traceback_and_without_local_variables(written: Written) -> None:
    try:
        _fail("broken")
    except RuntimeError as fault:
        get_logger().exception("call.failed")
        get_logger().error("call.failed", exc_info=fault)
        logging.getLogger("dramatiq").exception("actor failed")

    for line in written():
        assert line["level"] == "error"
        assert line["details"]["exception"]["type"] == "RuntimeError"
        assert "test_logging.py" in line["details"]["exception"]["traceback"]
        assert "visible only" not in json.dumps(line)


def _fail(message: str) -> None:
    local = "visible only in this frame"
    raise RuntimeError(message, len(local))


class _Hostile(dict[str, str]):
    def items(self) -> NoReturn:
        raise KeyError("never")


@pytest.mark.parametrize(
    "details",
    [
        {"lone": "\ud800"},
        {"big": 2**300},
        {"nan": float("nan"), "lone": "\ud800"},
        {"bytes": b"\xff"},
        {"object": object()},
        {"request_id": object()},
        {"exc_info": "not an exception"},
        {"hostile": _Hostile()},
    ],
)
def test_logging_never_raises(written: Written, details: dict[str, Any]) -> None:
    get_logger().info("odd", **details)

    (line,) = written()
    assert list(line) == KEYS


def test_a_line_that_cannot_be_made_says_so(written: Written) -> None:
    get_logger().info("odd", hostile=_Hostile())

    (line,) = written()
    assert (line["message"], line["details"]) == ("log.line_lost", {"fault": "KeyError"})


def test_wrong_format_arguments_of_a_library_are_written_as_they_are() -> None:
    stream = io.BytesIO()
    handler = LibraryHandler(Lines(stream, service="mediator", component="api"))

    handler.handle(logging.LogRecord("aiohttp", logging.ERROR, "", 0, "%d items", ("many",), None))

    assert json.loads(stream.getvalue())["message"] == "%d items ('many',)"


class _Closed(io.BytesIO):
    def write(self, _: object) -> int:
        raise BrokenPipeError


def test_a_closed_stream_does_not_stop_the_caller() -> None:
    Lines(_Closed(), service="mediator", component="api").write(b"{}")


@given(st.text(max_size=300), st.dictionaries(st.text(max_size=20), st.text(max_size=50), max_size=4))
def test_any_text_stays_one_line(message: str, details: dict[str, str]) -> None:
    stream = io.BytesIO()
    lines = Lines(stream, service="mediator", component="api")

    lines.write(lines.render(None, "info", {"event": message, "details": details}))

    text = stream.getvalue().decode()
    assert len(text.splitlines()) == 1
    assert list(json.loads(text)) == KEYS
    assert re.search("[\x00-\x09\x0b-\x1f\x80-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]", text) is None


def test_a_megabyte_field_is_cut_and_stays_one_line(written: Written) -> None:
    get_logger().info("x" * 1_000_000, field="\n\x1b[2J" * 300_000)

    (line,) = written()
    assert len(json.dumps(line)) < 100_000
