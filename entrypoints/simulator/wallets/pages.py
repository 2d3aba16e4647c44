"""The page on which a wallet's customer pays or leaves, and the way back to the merchant."""

import html
from urllib.parse import urlencode

from aiohttp import web

from entrypoints.simulator.wallets.books import WalletPayment


def payment_page(title: str, payment: WalletPayment) -> web.Response:
    """Show a payment with two buttons; they post `id` and `answer=pay|cancel` to the address of the page's own."""
    rupees = f"{payment.amount // 100}.{payment.amount % 100:02}"
    page = (
        f"<!doctype html><meta charset=utf-8><title>{title}</title>"
        f"<h1>{html.escape(payment.name)}: Rs. {rupees}</h1>"
        f"<form method=post action=pay><input type=hidden name=id value={html.escape(payment.id)!r}>"
        "<button name=answer value=pay>Pay</button> <button name=answer value=cancel>Cancel</button></form>"
    )
    return web.Response(text=page, content_type="text/html")


def back(address: str, fields: dict[str, str], *, separator: str | None = None) -> web.Response:
    """Send the browser back; without a `separator` the query is appended as the address allows."""
    mark = separator or ("&" if "?" in address else "?")
    location = f"{address}{mark}{urlencode(fields)}" if fields else address
    return web.Response(status=302, headers={"Location": location})
