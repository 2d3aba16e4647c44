"""Writes XML documents of ISO 20022: elements from nested pairs, in the order in which a schema wants them."""

import secrets
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree.ElementTree import Element, SubElement, tostring

Child = tuple[str, object]


def document(version: str, root: str, children: Iterable[Child]) -> bytes:
    """Write a document of one message; what is None is left out. Decimals are written as they are."""
    top = Element("Document", {"xmlns": f"urn:iso:std:iso:20022:tech:xsd:{version}"})
    _fill(SubElement(top, root), children)
    written: bytes = tostring(top, encoding="utf-8", xml_declaration=True)
    return written


def amount(name: str, value: Decimal, currency: str) -> Child:
    """Write an amount with its currency."""
    return name, (value, currency)


def new_id(prefix: str) -> str:
    """Make an identifier of at most 35 characters."""
    return f"{prefix}-{secrets.token_hex(12)}"


def moment(seconds: float) -> str:
    """Write Unix seconds as ISO date and time in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(seconds: float) -> str:
    """Write Unix seconds as the day that they fall on in UTC."""
    return day_of(seconds).isoformat()


def day_of(seconds: float) -> date:
    """Give the day in UTC on which Unix seconds fall."""
    return datetime.fromtimestamp(seconds, UTC).date()


def _fill(element: Element, children: Iterable[Child]) -> None:
    for name, content in children:
        if content is None:
            continue
        child = SubElement(element, name)
        match content:
            case list():
                _fill(child, content)
            case (value, currency):
                child.set("Ccy", str(currency))
                child.text = str(value)
            case _:
                child.text = str(content)
