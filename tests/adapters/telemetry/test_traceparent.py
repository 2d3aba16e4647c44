"""The header by which traces go from service to service."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.telemetry.traceparent import TraceParent, read_traceparent

EXAMPLE = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"  # of the recommendation, §3.2


def test_the_published_example_is_read() -> None:
    read = read_traceparent(EXAMPLE)

    assert read == TraceParent(0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7, sampled=True)
    assert read.written().encode() == EXAMPLE


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"ff" + EXAMPLE[2:],
        EXAMPLE.upper(),
        EXAMPLE + b"-more",
        b"00-" + b"0" * 32 + EXAMPLE[35:],
        EXAMPLE[:36] + b"0" * 16 + b"-01",
        EXAMPLE[:-1],
        EXAMPLE + b"\n",
    ],
)
def test_what_is_no_header_begins_no_trace(header: bytes) -> None:
    assert read_traceparent(header) is None


def test_a_later_version_may_say_more() -> None:
    read = read_traceparent(b"01" + EXAMPLE[2:] + b"-more")

    assert read is not None
    assert read.sampled


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(header: bytes) -> None:
    read = read_traceparent(header)

    assert read is None or read.trace_id
