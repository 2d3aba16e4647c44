"""The order in which the layers of the edge stand around the framework."""

from collections.abc import Iterable

from litestar.types import ASGIApp

from entrypoints.http.edge.bodies import BodyRules, StrictBodies
from entrypoints.http.edge.options import TruthfulOptions
from entrypoints.http.edge.requests import RequestEdge


def behind_edge(app: ASGIApp, *, allowed_hosts: Iterable[str], body_rules: BodyRules | None = None) -> ASGIApp:
    """Put the whole edge in front of the framework's application: this is what the server runs.

    Outermost the one that every request and answer passes, so that a refusal of any other layer is logged, has its id
    and its headers; then the bodies; innermost what only the router can say.
    """
    return RequestEdge(StrictBodies(TruthfulOptions(app), body_rules), allowed_hosts=allowed_hosts)
