"""What can be seen of a running API: its metrics, and the trace of a request down to the database and the provider."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest

from tests.entrypoints.http.live import LiveApi
from tests.entrypoints.http.service import serving, settings_for
from tests.entrypoints.http.shop import Shop, new_key, new_payment
from tests.entrypoints.simulator.merchant import Merchant
from tests.fakes.collector import Collector, collecting
from tests.fakes.stores import Database

WAIT_SECONDS = 20.0


class Watched:
    def __init__(self, api: LiveApi, shop: Shop, metrics_url: str, collector: Collector) -> None:
        self.api, self.shop, self.collector = api, shop, collector
        self._metrics_url = metrics_url

    async def metrics(self) -> dict[str, float]:
        async with aiohttp.ClientSession() as session, session.get(self._metrics_url) as response:
            assert response.status == 200
            text = await response.text()
        lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in lines}


@pytest.fixture
async def watched(
    database: Database, sandbox: Merchant, tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> AsyncIterator[Watched]:
    metrics_port = unused_tcp_port_factory()
    with collecting() as collector:
        settings = settings_for(
            database,
            sandbox_url=sandbox.url,
            api_workers=2,
            metrics_port=metrics_port,
            opentelemetry_enabled=True,
            otel_exporter_otlp_endpoint=collector.url,
            otel_traces_sampler_arg=1.0,
        )
        api = LiveApi(settings, port=unused_tcp_port_factory(), log=tmp_path / "api.log")
        try:
            async with serving(settings) as service:
                await api.wait_ready()
                shop = await service.open_shop(api)
                yield Watched(api, shop, f"http://127.0.0.1:{metrics_port}/metrics", collector)
        finally:
            await api.close()


async def test_a_running_api_tells_what_it_does(watched: Watched) -> None:
    key = new_key()
    for _ in range(2):
        answer = await watched.shop.post("/v1/payments", new_payment(), key=key)
        assert answer.status == 201
    assert (await watched.shop.get("/v1/payments/pay_none")).status == 404

    told = await watched.metrics()

    assert told['http_requests_total{method="POST",route="/v1/payments",status="201"}'] == 2
    assert told['http_idempotency_replays_total{method="POST",route="/v1/payments"}'] == 1
    assert told['http_problems_total{code="NOT_FOUND"}'] == 1
    assert told['mediator_provider_calls_total{provider="sandbox",operation="authorize",outcome="succeeded"}'] == 1
    assert told['mediator_journal_batch_size_count{work="CommitUnits"}'] >= 2
    assert told["http_requests_in_flight"] == 0
    assert told["mediator_metrics_series_lost_total"] == 0
    # Whichever of the two processes answers tells of both.
    assert len([name for name in told if name.startswith("process_resident_memory_bytes")]) == 2


async def test_a_request_is_followed_to_the_database_and_the_provider(watched: Watched) -> None:
    await watched.shop.post("/v1/payments", new_payment())

    deadline = time.monotonic() + WAIT_SECONDS
    while not (doors := [one for one in watched.collector.spans() if one.name == "POST /v1/payments"]):
        assert time.monotonic() < deadline, [one.name for one in watched.collector.spans()]
        await asyncio.sleep(0.05)

    [door] = doors
    trace = [one for one in watched.collector.spans() if one.trace_id == door.trace_id]
    assert {one.name for one in trace} >= {"POST /v1/payments", "journal.batch", "provider authorize"}
    assert all(one.parent_span_id for one in trace if one is not door)
    assert door.trace_id.hex() in watched.api.log.read_text()


async def test_a_stop_ends_the_metrics_with_the_api(watched: Watched) -> None:
    watched.api.process.terminate()
    code = await asyncio.to_thread(watched.api.process.wait, WAIT_SECONDS)

    assert code == 0
    with pytest.raises(aiohttp.ClientConnectionError):
        await watched.metrics()
