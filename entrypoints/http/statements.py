"""The door to account statements: a period of an account as JSON, CSV, PDF or camt.053."""

from datetime import datetime
from typing import Annotated

from dishka import FromDishka
from dishka.integrations.litestar import inject
from litestar import Response, get
from litestar.params import FromPath, QueryParameter

from adapters.statements.json_form import StatementOut
from application.ledger.get_statement import GetStatement, GetStatementHandler
from application.ports.statements import StatementDocument, StatementForm
from domain.ids import LedgerAccountId, Prefix
from entrypoints.http.auth import AnyRequest, call_of
from entrypoints.http.paging import id_in_path, moment_in_query

ACCEPTED = {
    "application/json": StatementForm.JSON,
    "text/csv": StatementForm.CSV,
    "application/pdf": StatementForm.PDF,
    "application/xml": StatementForm.CAMT053,
    "text/xml": StatementForm.CAMT053,
}
"""What an `Accept` header may ask for by name."""


@get(
    "/v1/ledger/accounts/{account_id:str}/statement",
    tags=["Ledger"],
    errors=("VAL_PERIOD", "LEDGER_STATEMENT_TOO_LARGE", "BACKPRESSURE"),
    also_as=("text/csv", "application/pdf", "application/xml"),
)
@inject
async def get_statement(
    *,
    account_id: FromPath[str],
    request: AnyRequest,
    handler: FromDishka[GetStatementHandler],
    recorded_from: Annotated[
        datetime | None,
        QueryParameter(name="from", description="From this moment on; with `to`. Else the last month in UTC."),
    ] = None,
    recorded_before: Annotated[
        datetime | None, QueryParameter(name="to", description="Before this moment; with `from`.")
    ] = None,
    form: Annotated[
        StatementForm | None,
        QueryParameter(name="format", description="How to write it down; without it `Accept` decides, else JSON."),
    ] = None,
) -> Response[StatementOut]:
    """Get the statement of an account: opening balance, entries in the order of their recording, closing balance.

    Opening balance and entries sum to the closing balance, always. Without `from` and `to` it is that of the last
    calendar month in UTC. A statement has at most 10,000 entries; `is_final` says whether it can still grow.
    `camt053` is ISO 20022 camt.053.001.08; CSV has major units and a sign in `amount`; PDF shows a question mark for a
    letter that is not Western European.
    """
    command = GetStatement(
        account_id=LedgerAccountId(id_in_path(Prefix.LEDGER_ACCOUNT, account_id)),
        form=form or form_accepted(request.headers.get("accept", "")),
        recorded_from=moment_in_query("from", recorded_from),
        recorded_before=moment_in_query("to", recorded_before),
    )
    return _given(await handler(command, call_of(request)))  # type: ignore[return-value]  # bytes of that shape


def form_accepted(accept: str) -> StatementForm:
    """Choose by an `Accept` header (RFC 9110 §12.5.1): the form it likes best, the first of equals; JSON when none."""
    liked = [(_quality(parameters), form) for form, parameters in _named(accept)]
    best = max((quality for quality, _ in liked if quality > 0), default=0)
    return (
        next((form for quality, form in liked if quality == best), StatementForm.JSON) if best else StatementForm.JSON
    )


def _named(accept: str) -> list[tuple[StatementForm, list[str]]]:
    """Give the forms that are named, each with the parameters of its name."""
    parts = [[word.strip().lower() for word in part.split(";")] for part in accept.split(",")]
    return [(ACCEPTED[name], parameters) for name, *parameters in parts if name in ACCEPTED]


def _quality(parameters: list[str]) -> float:
    """Read `q`; what cannot be read is taken for no wish at all."""
    given = next((one[2:] for one in parameters if one.startswith("q=")), "1")
    return float(given) if given.replace(".", "", 1).isdecimal() and given.isascii() else 0.0


def _given(document: StatementDocument) -> Response[bytes]:
    """Answer with a document: shown when it is JSON, else kept as a file of its name (RFC 6266)."""
    headers = {"Vary": "Accept"}
    if not document.file_name.endswith(".json"):
        headers["Content-Disposition"] = f'attachment; filename="{document.file_name}"'
    return Response(document.body, media_type=document.media_type, headers=headers)


STATEMENT_ROUTES = (get_statement,)
