"""Tells the files of a bank apart, and reads each as what it is."""

import hashlib

from adapters.providers.iso20022 import status_report
from adapters.providers.iso20022.config import CompletedBy, Iso20022Config
from adapters.providers.iso20022.documents import read_document
from domain.providers import CallbackEvent, Unreadable


def read_file(config: Iso20022Config, raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
    """Read everything that a file says; the same bytes give the same event ids, and other bytes others."""
    file_id = hashlib.sha256(raw).hexdigest()[:32]
    document = read_document(raw)
    if isinstance(document, Unreadable):
        return document
    message, root = document
    if message in status_report.VERSIONS:
        return status_report.read_status_report(
            root, file_id=file_id, settled_is_final=config.completed_by is CompletedBy.STATUS_REPORT
        )
    return Unreadable(f"{message} is no message that we read")
