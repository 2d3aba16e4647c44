"""`mediator routing explain`."""

from functools import partial
from typing import Annotated

from cyclopts import Parameter

from application.routing.explain_route import ExplainRoute, ExplainRouteHandler
from domain.ids import PaymentId, Prefix
from domain.routing import RouteDecision
from entrypoints.cli.ledger.desk import Desk, at_desk
from entrypoints.cli.ledger.names import id_in
from entrypoints.cli.ledger.options import HERE, Asking
from entrypoints.cli.ledger.showing import tell
from entrypoints.cli.routing.shown import decision_tables


def explain(
    payment: Annotated[str, Parameter(help="The payment: pay_...")],
    *,
    asking: Asking = HERE,
) -> None:
    """Explain why a payment went where it went: every candidate with its reasons, and the rules of then."""
    command = ExplainRoute(PaymentId(id_in(Prefix.PAYMENT, payment)))
    decision = at_desk(asking, partial(_explain, command=command))
    tell(decision, *decision_tables(decision), as_json=asking.json)


async def _explain(desk: Desk, *, command: ExplainRoute) -> RouteDecision:
    return await (await desk.get(ExplainRouteHandler))(command, desk.call())
