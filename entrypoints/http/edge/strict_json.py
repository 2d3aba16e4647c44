"""Refuses JSON that two readers could understand differently, or that costs more than it says, before it is parsed.

RFC 8259 leaves duplicate names, lone surrogates and the range of numbers to each reader, and a reader that guesses
books another amount than the one that was signed. What passes here means the same to every conforming reader.
"""

import json
import re
from collections import Counter
from itertools import accumulate
from math import isinf
from typing import Final, NoReturn

from entrypoints.http.edge.refusals import malformed

DEPTH_MAX: Final = 32
"""Levels of arrays and objects."""

NUMBER_LENGTH_MAX: Final = 32
"""Characters of a number, sign and exponent included: a long one costs quadratic time to read."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

# A string, also one that never ends: every quote is consumed once, so the scan is linear whatever comes.
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)

# One escape at a time, so that an escaped backslash before a `u` is not taken for the beginning of an escape.
# The group is what is forbidden: controls except tab, line feed and return; halves of surrogate pairs.
_ESCAPE: Final = re.compile(
    rb"\\(?:"
    rb"u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<forbidden>u[dD][89a-fA-F][0-9a-fA-F]{2}|u00(?:0[0-8bBcCeEfF]|1[0-9a-fA-F])|[bf])"
    rb"|.)",
    re.DOTALL,
)

_STEP_OF_BYTE: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NOT_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in _STEP_OF_BYTE)


def check_json(raw: bytes) -> None:
    """Raise REQUEST_MALFORMED unless `raw` is one JSON text that every reader understands in the same way.

    UTF-8 without a byte order mark (RFC 8259 §8.1), no NUL and no other control character in a string except tab, line
    feed and return, whether escaped or not, no half of a surrogate pair, no name twice in an object, at most 32 levels,
    no number of more than 32 characters or beyond a double, no NaN or Infinity.
    """
    text = _decoded(raw)
    _check_depth(raw)
    _check_escapes(raw)
    try:
        _reader.decode(text)
    except json.JSONDecodeError as fault:
        raise malformed(f"The body is not JSON: {fault.msg} at character {fault.pos}.") from fault


def _decoded(raw: bytes) -> str:
    if raw.startswith(_BYTE_ORDER_MARK):
        raise malformed("The body begins with a byte order mark.")
    try:
        return raw.decode()
    except UnicodeDecodeError as fault:
        raise malformed(f"The body is not UTF-8 at byte {fault.start}.") from fault


def _check_depth(raw: bytes) -> None:
    # As many brackets as levels are too few to be too deep: nearly every body ends here.
    if raw.count(b"[") + raw.count(b"{") <= DEPTH_MAX:
        return
    brackets = _STRING.sub(b"", raw).translate(None, _NOT_BRACKETS)
    if any(depth > DEPTH_MAX for depth in accumulate(map(_STEP_OF_BYTE.__getitem__, brackets))):
        raise malformed(f"The body is nested more than {DEPTH_MAX} levels deep.")


def _check_escapes(raw: bytes) -> None:
    if b"\\" in raw and any(found["forbidden"] for found in _ESCAPE.finditer(raw)):
        raise malformed("A string holds a control character or half of a surrogate pair.")


def _members(pairs: list[tuple[str, object]]) -> None:
    if len(dict(pairs)) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise malformed(f"The name {twice[:100]!r} comes twice in one object.")


def _integer(literal: str) -> None:
    if len(literal) > NUMBER_LENGTH_MAX:
        raise malformed(f"A number has more than {NUMBER_LENGTH_MAX} characters.")


def _fraction(literal: str) -> None:
    _integer(literal)
    if isinf(float(literal)):
        raise malformed("A number is out of range.")


def _constant(literal: str) -> NoReturn:
    raise malformed(f"{literal} is not a JSON number.")


# The values are thrown away: what counts is that every rule above was asked while they were read.
_reader: Final = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_integer, parse_float=_fraction, parse_constant=_constant
)
