"""Jobs are counted by what became of them, and followed from their sender into the actor."""

from collections.abc import Callable, Iterator

import dramatiq
import pytest
from dramatiq import Worker
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import AsyncIO, Retries

from adapters.telemetry import tracing
from adapters.telemetry.exposition import exposed
from adapters.telemetry.families import write_to
from adapters.telemetry.jobs import WatchedJobs
from adapters.telemetry.shared_cells import SharedCells
from adapters.telemetry.tracing import Rules
from tests.adapters.telemetry.test_tracing import Notebook

Run = Callable[[Exception | None], tuple[str, Notebook, list[dict[str, str]]]]


@pytest.fixture
def run() -> Iterator[Run]:
    """Run one job with a worker in this process; what it raises is tried twice."""
    cells, notebook = SharedCells(1), Notebook()
    write_to(cells.claim())
    tracing.switch_on(notebook, Rules(ratio=1.0, obeys_callers=False))
    broker = StubBroker(middleware=[WatchedJobs(), Retries(max_retries=1, min_backoff=1, max_backoff=2), AsyncIO()])

    def run_one(fault: Exception | None) -> tuple[str, Notebook, list[dict[str, str]]]:
        seen: list[dict[str, str]] = []

        async def settle() -> None:
            seen.append(tracing.log_keys())
            if fault is not None:
                raise fault

        actor = dramatiq.actor(broker=broker, actor_name="settle")(settle)
        worker = Worker(broker, worker_timeout=10, worker_threads=1)
        worker.start()
        actor.send()
        broker.join("default", fail_fast=False, timeout=10_000)
        worker.join()
        worker.stop()
        return exposed(cells), notebook, seen

    yield run_one
    tracing.switch_off()
    write_to(None)
    cells.close()


def test_a_job_that_is_done_is_counted_and_followed(run: Run) -> None:
    text, notebook, seen = run(None)

    assert 'mediator_jobs_total{actor="settle",result="done"} 1' in text
    assert 'mediator_jobs_sent_total{actor="settle"} 1' in text
    assert 'mediator_job_duration_seconds_count{actor="settle"} 1' in text
    assert "mediator_jobs_running 0" in text
    sent, received = notebook.spans
    assert received.parent == sent.identity
    assert received.said["mediator.outcome"] == "done"
    assert seen == [{"trace_id": f"{sent.identity.trace_id:032x}"}]


def test_a_job_that_fails_is_tried_again_in_the_same_trace_and_then_parked(run: Run) -> None:
    text, notebook, seen = run(RuntimeError("card 4242"))

    assert 'mediator_jobs_total{actor="settle",result="again"} 1' in text
    assert 'mediator_jobs_total{actor="settle",result="parked"} 1' in text
    sent, *tries = notebook.spans
    assert [one.said["mediator.attempt"] for one in tries] == [1, 2]
    assert {one.error for one in tries} == {"RuntimeError"}
    assert seen == [{"trace_id": f"{sent.identity.trace_id:032x}"}] * 2
