"""Bytes as they arrive on a bad day: cut, bent, of another form, or made to hurt whoever reads them."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

_DEEP = 100_000
_BOMB = "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10}">' for n in range(1, 11))

GARBAGE: tuple[bytes, ...] = (
    b"",
    b" ",
    b"null",
    b"true",
    b"0",
    b"-1",
    b'""',
    b"{}",
    b"[]",
    b"[{}]",
    b'{"a":1,"a":2}',
    b"OK",
    b"<html><body><h1>502 Bad Gateway</h1></body></html>",
    b"<?xml version='1.0'?><ok/>",
    b"\xff\xfe\x00\x01",
    b"\xef\xbb\xbf{}",
    b"status=success&amount=1",
    b'{"error":null}',
    b'{"error":"unavailable"}',
    b'{"error":{}}',
)
"""Bodies that say nothing of any provider."""

HOSTILE: tuple[bytes, ...] = (
    b"[" * _DEEP,
    b'{"a":' * _DEEP,
    b'{"a":' + b"9" * 5_000 + b"}",
    b'{"a":NaN,"b":Infinity,"c":-Infinity}',
    b'{"a":1e999999999}',
    b'{"a":"\\ud800"}',
    b'{"a":"' + b"x" * 200_000 + b'"}',
    b"&".join(b"a%d=1" % number for number in range(5_000)),
    f'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY b0 "b">{_BOMB}]><b>&b10;</b>'.encode(),
    b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY x SYSTEM "file:///etc/passwd">]><b>&x;</b>',
    b"<a>" * _DEEP,
    bytes(range(256)) * 16,
    b"\x00" * 4_096,
)
"""Bodies that are meant to take a reader's time, stack or files."""

_ODD: tuple[object, ...] = (
    *(None, True, False, 0, 1, -1, 2**53, 2**63, 10**30, 0.1, 1e300, float("nan"), float("inf")),
    *(
        "",
        " ",
        "0",
        "1",
        "-1",
        "1.000",
        "1,000.00",
        "NaN",
        "null",
        "true",
        "XXX",
        "eur",
        "€",
        "\x00",
        "\ud800",
        "a" * 300,
    ),
    *([], {}, [[]], [{}], {"": ""}),
)


def cuts(body: bytes) -> Iterator[bytes]:
    """Give the body cut at every byte boundary, from nothing to all but its last byte."""
    return (body[:end] for end in range(len(body)))


def is_json(body: bytes) -> bool:
    """Whether these bytes are one whole JSON value."""
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def bent(body: bytes, chance: random.Random) -> bytes:
    """Bend a body: a field of its JSON made odd, gone, or put elsewhere; some of its bytes changed, doubled or lost."""
    if chance.random() < 0.6 and (changed := _bent_json(body, chance)) is not None:  # noqa: PLR2004 -- more often than not
        return changed
    raw = bytearray(body or b"x")
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(raw))
        match chance.randrange(3):
            case 0:
                raw[at] = chance.randrange(256)
            case 1:
                raw[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 8)))
            case _ if len(raw) > 1:
                del raw[at : at + chance.randint(1, 8)]
            case _:
                raw.extend(bytes(raw))
        if not raw:
            return b""
    return bytes(raw)


def replaced(body: bytes, change: Callable[[object], object]) -> bytes | None:
    """Change every leaf of a JSON body; None when it is no JSON, or nothing changed."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    changed = _mapped(value, change)
    return None if changed == value else json.dumps(changed).encode()


def _mapped(value: object, change: Callable[[object], object]) -> object:
    match value:
        case dict():
            return {name: _mapped(inner, change) for name, inner in value.items()}
        case list():
            return [_mapped(inner, change) for inner in value]
        case _:
            return change(value)


def _bent_json(body: bytes, chance: random.Random) -> bytes | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    places = list(_places(value))
    if not places:
        return json.dumps(chance.choice(_ODD)).encode()
    holder, name = chance.choice(places)
    match chance.randrange(4):
        case 0:
            del holder[name]
        case 1:
            holder[name] = [holder[name]]
        case _:
            holder[name] = chance.choice(_ODD)
    return json.dumps(value).encode()


def _places(value: object) -> Iterator[tuple[Any, Any]]:
    """Give every place in a JSON value that holds another one."""
    match value:
        case dict():
            for name, inner in value.items():
                yield value, name
                yield from _places(inner)
        case list():
            for number, inner in enumerate(value):
                yield value, number
                yield from _places(inner)
        case _:
            pass
