"""Finds fields in what an adapter sends, whatever its form: JSON, a form, a query, a form for a browser, XML."""

import json
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from adapters.providerkit.conformance.subject import Sending
from adapters.providerkit.messages import FileDrop, HttpRequest
from domain.providers import AcceptedPending

Field = tuple[str, str]
"""A path of names joined by dots, and the value as it is written."""


class Digits(str):
    """A JSON number, as it is written."""

    __slots__ = ()


def fields_of(sending: Sending) -> tuple[Field, ...]:
    """Give every field of body, query and browser form; numbers as their digits."""
    match sending:
        case HttpRequest():
            return (*_query(sending.url), *_body(sending.body))
        case FileDrop():
            return _body(sending.content)
        case AcceptedPending():
            return tuple((sending.action_fields or {}).items()) + _query(sending.action_url or "")
        case _:
            return ()


def header_of(sending: Sending, name: str) -> str | None:
    """Give a header of a request, by its name in any case."""
    if not isinstance(sending, HttpRequest):
        return None
    return next((value for key, value in sending.headers.items() if key.lower() == name.lower()), None)


def written(sending: Sending) -> bytes:
    """Give everything that leaves, as one text: to tell two apart, and to look for what must not be in it."""
    match sending:
        case HttpRequest():
            head = "\n".join((sending.method, sending.url, *(f"{k}: {v}" for k, v in sending.headers.items())))
            return head.encode() + b"\n" + sending.body
        case FileDrop():
            return sending.name.encode() + b"\n" + sending.provider_reference.encode() + b"\n" + sending.content
        case _:
            return repr(sending).encode()


def leaves(value: object, path: str = "") -> Iterator[Field]:
    """Give every leaf of a JSON value that is text or a number, with its path."""
    match value:
        case dict():
            for name, inner in value.items():
                yield from leaves(inner, f"{path}.{name}" if path else str(name))
        case list():
            for number, inner in enumerate(value):
                yield from leaves(inner, f"{path}.{number}" if path else str(number))
        case str():
            yield path, value
        case _:
            pass


def _query(url: str) -> tuple[Field, ...]:
    return tuple(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def _body(body: bytes) -> tuple[Field, ...]:
    text = body.decode("utf-8", "replace")
    try:
        return tuple(leaves(json.loads(text, parse_int=Digits, parse_float=Digits, parse_constant=Digits)))
    except ValueError:
        pass
    if text.lstrip().startswith("<"):
        return tuple(_elements(text))
    return tuple(parse_qsl(text, keep_blank_values=True))


_ELEMENT = re.compile(r"<(?P<name>[A-Za-z_][\w.-]*)(?:\s[^<>]*)?>(?P<text>[^<>]*)</(?:[\w.-]+:)?(?P=name)>")


def _elements(text: str) -> Iterator[Field]:
    """Give the elements without children of an XML text that we wrote ourselves, so not of a foreign one."""
    return ((found["name"], found["text"]) for found in _ELEMENT.finditer(re.sub(r"<(/?)[\w.-]+:", r"<\1", text)))
