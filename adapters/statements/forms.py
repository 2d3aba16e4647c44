"""Writes statements down in every form that there is."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from adapters.statements.camt053 import write_camt053
from adapters.statements.csv_form import write_csv
from adapters.statements.json_form import write_json
from adapters.statements.pdf_form import write_pdf
from adapters.statements.words import file_name
from application.ports.statements import StatementDocument, StatementForm, StatementForms
from domain.statements import Statement


class Form(msgspec.Struct, frozen=True):
    """What a form is called on the web (RFC 6838), how its files end, and what writes it."""

    media_type: str
    extension: str
    write: Callable[[Statement], bytes]


FORMS: Final[Mapping[StatementForm, Form]] = {
    StatementForm.JSON: Form("application/json", "json", write_json),
    StatementForm.CSV: Form("text/csv; charset=utf-8; header=present", "csv", write_csv),
    StatementForm.PDF: Form("application/pdf", "pdf", write_pdf),
    StatementForm.CAMT053: Form("application/xml", "xml", write_camt053),
}


class WrittenForms(StatementForms):
    """Writes in a thread: a long statement takes a while, and others are being served meanwhile."""

    async def written(self, statement: Statement, form: StatementForm) -> StatementDocument:
        """Write a statement down. Raises LEDGER_STATEMENT_TOO_LARGE."""
        how = FORMS[form]
        body = await asyncio.to_thread(how.write, statement)
        return StatementDocument(how.media_type, file_name(statement, how.extension), body)
