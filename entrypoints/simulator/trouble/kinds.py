"""Which kind of request stands at which door: the words in which trouble is ordered."""

from aiohttp import web

_KINDS = {
    ("POST", "/v1/charges"): "authorize",
    ("POST", "/v1/charges/{id}/capture"): "capture",
    ("POST", "/v1/charges/{id}/void"): "void",
    ("POST", "/v1/charges/{id}/refunds"): "refund",
    ("POST", "/v1/payouts"): "payout",
    ("GET", "/v1/operations/{key}"): "look_up",
    ("GET", "/v1/payouts/{key}"): "look_up",
    ("GET", "/v1/books"): "books",
    ("POST", "/khalti/api/v2/epayment/initiate/"): "khalti.initiate",
    ("POST", "/khalti/api/v2/epayment/lookup/"): "khalti.lookup",
    ("POST", "/khalti/api/merchant-transaction/{transaction}/refund/"): "khalti.refund",
    ("POST", "/esewa/api/epay/main/v2/form"): "esewa.form",
    ("GET", "/esewa/api/epay/transaction/status/"): "esewa.status",
    ("GET", "/bank/accounts/{number}"): "bank.books",
}


def kind_of(request: web.Request) -> str | None:
    """Give the kind of a request; None for the doors that trouble never reaches, those for tests among them."""
    resource = request.match_info.route.resource
    return None if resource is None else _KINDS.get((request.method, resource.canonical))
