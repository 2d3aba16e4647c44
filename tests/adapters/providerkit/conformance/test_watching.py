"""What a call does besides computing is noticed, and what others do meanwhile is not laid at its door."""

import gc
import logging
import time
from collections.abc import Iterator

import pytest

from adapters.providerkit.conformance.watching import watched


@pytest.fixture
def _clockwork() -> Iterator[None]:
    """Have the garbage collector look at a clock whenever it works, as Hypothesis does."""

    def look(_phase: str, _facts: dict[str, int]) -> None:
        time.perf_counter()

    gc.callbacks.append(look)
    thresholds = gc.get_threshold()
    gc.set_threshold(1)
    yield
    gc.set_threshold(*thresholds)
    gc.callbacks.remove(look)


@pytest.mark.usefixtures("_clockwork")
def test_what_the_garbage_collector_calls_is_not_the_call_s() -> None:
    made, seen = watched(lambda: [[number] for number in range(1_000)])

    assert (len(made), seen) == (1_000, ())
    assert gc.isenabled()


def test_line_for_the_log_is_noticed_and_a_logger_that_is_switched_off_is_not() -> None:
    loud, silent = logging.getLogger(f"{__name__}.loud"), logging.getLogger(f"{__name__}.silent")
    silent.setLevel(logging.CRITICAL + 1)

    assert watched(lambda: loud.error("heard"))[1]
    assert watched(lambda: silent.error("unheard"))[1] == ()
