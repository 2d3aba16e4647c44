"""`mediator demo`: the verdict is its exit code, and nothing is left of it."""

import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from entrypoints.cli.scenario.playing import PRICES, STEPS
from tests.journeys.households import Mediator, are_gone, end_all, run_command


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Mediator]:
    """A `mediator demo` under way."""
    started = Mediator(tmp_path, "demo", "--json", "--fast")
    yield started
    end_all([started])


def test_demo_shows_every_step_and_a_proof_and_leaves_nothing(demo: Mediator, tmp_path: Path) -> None:
    demo.wait_for("Demo scenario")
    mine = demo.descendants()

    code = demo.ended()

    shown = msgspec.json.decode(demo.said)
    assert [(one["step"], one["currency"], one["seen"]) for one in shown["steps"] if not one["is_well"]] == []
    assert code == 0
    assert len(shown["steps"]) == sum(len(step.currencies) or len(PRICES) for step in STEPS)
    assert {
        total["currency"]: total["debits"] - total["credits"] for _, total in shown["proof"]["totals"]
    } == dict.fromkeys(PRICES, 0)
    assert set(shown["seconds"]) == {"stores", "migrate", "ready", "scenario", "proof", "total"}
    assert are_gone(mine, within_seconds=0.0)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".err", ".out"]


def test_interrupted_demo_leaves_nothing(demo: Mediator, tmp_path: Path) -> None:
    demo.wait_for("Schema")
    mine = demo.descendants()

    code = demo.signalled(signal.SIGINT)

    assert (code, demo.said) == (130, "")
    assert are_gone(mine, within_seconds=0.0)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".err", ".out"]


def test_bench_counts_no_payment_that_is_not_there(tmp_path: Path) -> None:
    answer = run_command(
        *("bench", "--payments", "20", "--connections", "4", "--rounds", "2", "--fast", "--json"),
        environment={"TMPDIR": str(tmp_path)},
    )

    found = msgspec.json.decode(answer.stdout)
    assert answer.returncode == 0
    assert found["acknowledged"] == found["committed"] == 50 + 2 * 20
    assert found["holds"] is True
    assert found["payments_per_second"] > 0
    assert list(tmp_path.iterdir()) == []
