"""The door to routing: the rules, why a payment went where it went, and what a draft would change."""

from typing import Annotated

from dishka import FromDishka
from dishka.integrations.litestar import inject
from litestar import get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET

from application.routing.explain_route import ExplainRoute, ExplainRouteHandler
from application.routing.list_rules import ListRules, ListRulesHandler
from application.routing.roll_back_rules import RollBackRules, RollBackRulesHandler
from application.routing.set_rules import SetRules, SetRulesHandler
from application.routing.simulate_rules import SimulateRules, SimulateRulesHandler
from domain.ids import PaymentId, Prefix
from entrypoints.http.auth import AnyRequest, call_of
from entrypoints.http.paging import LIMIT_MAX, id_in_path
from entrypoints.http.routing_shapes import (
    RollBackRulesIn,
    RouteDecisionOut,
    RuleSetOut,
    RuleSetPageOut,
    SetRulesIn,
    SimulateRulesIn,
    SimulationOut,
    decision_out,
    page_out,
    rules_of,
    ruleset_out,
    simulation_out,
    version_cursor,
)


@get("/v1/routing/rules", tags=["Routing"], errors=("BACKPRESSURE", "VAL_CURSOR"))
@inject
async def list_rules(
    *,
    request: AnyRequest,
    handler: FromDishka[ListRulesHandler],
    cursor: Annotated[str | None, QueryParameter(max_length=64)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 20,
) -> RuleSetPageOut:
    """List the versions of the routing rules, newest first, and say which one is in force."""
    found = await handler(ListRules(before=version_cursor(cursor), limit=limit + 1), call_of(request))
    return page_out(found, limit)


@put(
    "/v1/routing/rules",
    tags=["Routing"],
    status_code=200,
    errors=("BACKPRESSURE", "ROUTE_RULES_UNSOUND", "STATE_CONFLICT"),
)
@inject
async def set_rules(
    data: JSONBody[SetRulesIn], request: AnyRequest, handler: FromDishka[SetRulesHandler]
) -> RuleSetOut:
    """Set all routing rules: makes the next version.

    It is refused when somebody made another version since the one that you have seen, so no idempotency key is needed.
    """
    command = SetRules(
        rules=rules_of(data.rules),
        expected_version=data.expected_version,
        note=None if data.note is UNSET else data.note,
        effective_from=None if data.effective_from is UNSET else data.effective_from,
    )
    return ruleset_out(await handler(command, call_of(request)))


@post(
    "/v1/routing/rules/rollback",
    tags=["Routing"],
    status_code=200,
    errors=("BACKPRESSURE", "NOT_FOUND", "ROUTE_RULES_UNSOUND", "STATE_CONFLICT"),
)
@inject
async def roll_back_rules(
    data: JSONBody[RollBackRulesIn], request: AnyRequest, handler: FromDishka[RollBackRulesHandler]
) -> RuleSetOut:
    """Go back to the rules of an earlier version: makes the next version with what that one said."""
    command = RollBackRules(
        version=data.version,
        expected_version=data.expected_version,
        note=None if data.note is UNSET else data.note,
    )
    return ruleset_out(await handler(command, call_of(request)))


@post("/v1/routing/simulate", tags=["Routing"], status_code=200, errors=("BACKPRESSURE", "ROUTE_RULES_UNSOUND"))
@inject
async def simulate_rules(
    data: JSONBody[SimulateRulesIn], request: AnyRequest, handler: FromDishka[SimulateRulesHandler]
) -> SimulationOut:
    """Replay the latest payments under a draft of the rules, and tell what would change. Nothing is changed."""
    command = SimulateRules(rules=rules_of(data.rules), last=data.last)
    return simulation_out(await handler(command, call_of(request)))


@get("/v1/payments/{payment_id:str}/route", tags=["Routing"], errors=("BACKPRESSURE",), never=("VAL_FIELD",))
@inject
async def explain_route(
    payment_id: FromPath[str], request: AnyRequest, handler: FromDishka[ExplainRouteHandler]
) -> RouteDecisionOut:
    """Tell why a payment went where it went: every candidate with its reasons, and the rules of then."""
    command = ExplainRoute(PaymentId(id_in_path(Prefix.PAYMENT, payment_id)))
    return decision_out(await handler(command, call_of(request)))


ROUTING_ROUTES = (list_rules, set_rules, roll_back_rules, simulate_rules, explain_route)
