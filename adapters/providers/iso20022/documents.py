"""Reads an XML message of a bank into a tree, and refuses what a message never has: DTDs, entities, strange sizes."""

import re
import xml.etree.ElementTree as ET

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from application.ports.drop_folders import FILE_MAX_BYTES
from domain.providers import Unreadable

MARKS_MAX = 1_500_000
"""Most `<` that are read: a tree takes a hundred times the bytes of its smallest element."""

_NAMESPACE = re.compile(
    r"\{urn:iso:std:iso:20022:tech:xsd:(?P<message>[a-z]{4}\.[0-9]{3}\.[0-9]{3}\.[0-9]{2})\}Document"
)


def read_document(raw: bytes) -> tuple[str, ET.Element] | Unreadable:
    """Give a message's name (`camt.053.001.08`) and what its `Document` holds; never raises.

    Elements lose the message's namespace, so that paths are plain names; those of another namespace keep theirs and
    are found by no path.
    """
    if len(raw) > FILE_MAX_BYTES or raw.count(b"<") > MARKS_MAX:
        return Unreadable(f"more than {FILE_MAX_BYTES} bytes or {MARKS_MAX} marks")
    try:
        root = fromstring(raw, forbid_dtd=True)
    except DefusedXmlException:
        return Unreadable("XML with a DTD or entities, which no bank message has")
    except (ET.ParseError, LookupError, ValueError) as fault:
        return Unreadable(f"not XML: {str(fault)[:200]}")
    named = _NAMESPACE.fullmatch(root.tag)
    if named is None or len(root) == 0:
        return Unreadable("not a Document of ISO 20022")
    prefix = root.tag.removesuffix("Document")
    for node in root.iter():
        if isinstance(node.tag, str):
            node.tag = node.tag.removeprefix(prefix)
    return named["message"], root


def text_at(node: ET.Element, *paths: str) -> str | None:
    """Give the text at the first of these paths that has one, without the blanks around it; None where none has."""
    for path in paths:
        text = (node.findtext(path) or "").strip()
        if text:
            return text
    return None
