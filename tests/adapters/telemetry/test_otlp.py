"""Spans reach a collector by OTLP over HTTP; a collector that is away harms nobody."""

import logging
from collections.abc import Iterator

import pytest

from adapters.telemetry.otlp import OtlpRecorder, Seldom, otlp_exporter, resource_of
from adapters.telemetry.traceparent import TraceParent
from adapters.telemetry.tracing import SpanKind
from tests.fakes.collector import Collector, collecting

PARENT = TraceParent(0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7, sampled=True)


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Take traces on a port of its own."""
    with collecting() as made:
        yield made


def test_spans_arrive_with_what_was_said_of_them(collector: Collector) -> None:
    resource = resource_of("payments-eu", "api", "1.2.3")
    recorder = OtlpRecorder(otlp_exporter(f"http://127.0.0.1:{collector.server_port}/"), resource=resource)
    span = recorder.start("POST", SpanKind.SERVER, PARENT, (PARENT,))
    span.rename("POST /v1/payments")
    span.set("http.response.status_code", 201)
    span.fail("500")
    span.end()
    recorder.close()

    [(path, sent)] = collector.received
    [spans] = sent.resource_spans
    [made] = spans.scope_spans[0].spans
    assert path == "/v1/traces"
    assert {one.key: one.value.string_value for one in spans.resource.attributes}["service.name"] == "payments-eu"
    assert made.name == "POST /v1/payments"
    assert int.from_bytes(made.trace_id, "big") == PARENT.trace_id
    assert int.from_bytes(made.parent_span_id, "big") == PARENT.span_id
    assert made.links[0].span_id == made.parent_span_id
    assert {one.key for one in made.attributes} == {"http.response.status_code", "error.type"}
    assert int.from_bytes(made.span_id, "big") == span.identity.span_id


def test_complaints_about_a_collector_are_seldom() -> None:
    seldom = Seldom(pause_seconds=3_600.0)
    record = logging.makeLogRecord({"msg": "away"})

    assert [seldom.filter(record) for _ in range(5)] == [True, False, False, False, False]
