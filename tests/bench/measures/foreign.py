"""The same work done by others: Django with DRF, and the approach of pgledger."""

from tests.bench.api import Server
from tests.bench.bench import Bench, Findings, Measure, arena
from tests.bench.books import Counted, covered
from tests.bench.foreign_servers import django_server, text_ledger_server
from tests.bench.foreign_venv import NoForeignPackages
from tests.bench.rows import Key, measured, missing
from tests.bench.runs import Contestant, ratios, taking_turns, told

_DJANGO = (Key.DJANGO_UNIFORM, Key.DJANGO_HOT)


def django(bench: Bench) -> Findings:
    """Compare with Django, uniform and hot."""
    try:
        return _django(bench)
    except NoForeignPackages as trouble:
        why = f"the foreign packages cannot be installed: {trouble}"
        return Findings(results=tuple(missing(key, why) for key in _DJANGO))


def _django(bench: Bench) -> Findings:
    pairs = bench.effort.pairs
    with django_server(bench) as (server, rows), arena(bench, "beside_django") as place:
        uniform = taking_turns({"api": place.api(), "django": _other(bench, server, rows)}, pairs=pairs)
        hot = taking_turns({"api": place.api(debited=1), "django": _other(bench, server, rows, debited=1)}, pairs=pairs)
    return Findings(
        results=(
            measured(Key.DJANGO_UNIFORM, ratios(uniform["api"], uniform["django"]), told(uniform)),
            measured(Key.DJANGO_HOT, ratios(hot["api"], hot["django"]), told(hot)),
        )
    )


def text_ledger(bench: Bench) -> Findings:
    """Compare with the approach of pgledger behind the same HTTP stack."""
    with text_ledger_server(bench) as (server, rows), arena(bench, "beside_text_ledger") as place:
        runs = taking_turns({"api": place.api(), "other": _other(bench, server, rows)}, pairs=bench.effort.pairs)
    detail = f"the other keeps no idempotency, audit or outbox: {told(runs)}"
    return Findings(results=(measured(Key.TEXT_LEDGER, ratios(runs["api"], runs["other"]), detail),))


def _other(bench: Bench, server: Server, rows: Counted, *, debited: int = 0) -> Contestant:
    return covered(server.contestant(bench.effort, debited=debited or None), rows, bench.faults)


MEASURES = (
    Measure(name="django", keys=_DJANGO, run=django),
    Measure(name="text ledger", keys=(Key.TEXT_LEDGER,), run=text_ledger),
)
