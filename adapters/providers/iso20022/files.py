"""Tells the files of a bank apart, and reads each as what it is."""

import codecs
import hashlib

from adapters.providers.iso20022 import camt, status_report
from adapters.providers.iso20022.bookings import read_bookings
from adapters.providers.iso20022.config import CompletedBy, Iso20022Config
from adapters.providers.iso20022.documents import read_document
from application.ports.drop_folders import FILE_MAX_BYTES
from domain.providers import CallbackEvent, Unreadable

_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""XML may come in UTF-16 as well; MT940 never does."""


def read_file(config: Iso20022Config, raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
    """Read everything that a file says; the same bytes give the same event ids, and other bytes others."""
    file_id = hashlib.sha256(raw).hexdigest()[:32]
    if not raw.removeprefix(codecs.BOM_UTF8).lstrip().startswith((b"<", *_WIDE)):
        return _read_text(config, raw, file_id)
    document = read_document(raw)
    if isinstance(document, Unreadable):
        return document
    message, root = document
    if message in status_report.VERSIONS:
        return status_report.read_status_report(
            root, file_id=file_id, settled_is_final=config.completed_by is CompletedBy.STATUS_REPORT
        )
    if message in camt.STATEMENTS or message in camt.NOTIFICATIONS:
        statements = camt.read_account_report(message, root)
        return statements if isinstance(statements, Unreadable) else read_bookings(statements, file_id=file_id)
    return Unreadable(f"{message} is no message that we read")


def _read_text(config: Iso20022Config, raw: bytes, file_id: str) -> tuple[CallbackEvent, ...] | Unreadable:
    if len(raw) > FILE_MAX_BYTES or b":20:" not in raw:
        return Unreadable(f"neither XML nor an MT940 statement of at most {FILE_MAX_BYTES} bytes")
    # Imported by the first statement of that kind: most banks send none.
    from adapters.providers.iso20022.swift_statement import read_swift_statements  # noqa: PLC0415 -- see above

    statements = read_swift_statements(raw, config.statement_encoding)
    return statements if isinstance(statements, Unreadable) else read_bookings(statements, file_id=file_id)
