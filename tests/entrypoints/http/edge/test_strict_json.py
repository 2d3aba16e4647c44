"""What passes the strict check means the same to every reader."""

import contextlib
import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.errors import MediatorError
from entrypoints.http.edge.strict_json import DEPTH_MAX, NUMBER_LENGTH_MAX, check_json

ACCEPTED = {
    "an object": b'{"amount": 1234, "currency": "EUR"}',
    "white space around": b' \t\r\n{"a" : [ ] }\n',
    "as deep as allowed": b"[" * DEPTH_MAX + b"]" * DEPTH_MAX,
    "as deep as allowed, and wide": b"[[]," + b"[" * (DEPTH_MAX - 1) + b"]" * (DEPTH_MAX - 1) + b"]",
    "more brackets than levels": b"[" + b"[],{}," * 50 + b"1]",
    "brackets in a text": b'{"a": "' + b"[{" * 100 + b'"}',
    "brackets and quotes in a text": rb'["\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\"]',
    "tab, line feed and return, escaped": rb'"\t\n\r\u0009\u000a\u000D"',
    "a backslash before what looks like an escape": rb'"\\u0000 \\ud800 \\b \\\\f"',
    "quote, slash, backslash": rb'"\"\/\\"',
    "a pair of surrogates": rb'"\ud83d\uDE00"',
    "two pairs of surrogates": rb'"\uD83D\uDE00\ud83d\ude01"',
    "raw emoji": '"😀 é ३"'.encode(),
    "delete and C1 are not C0": b'"\x7f\xc2\x80"',
    "the same name on two levels": b'{"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]}',
    "names that differ in case": b'{"a": 1, "A": 2}',
    "as long a number as allowed": b"9" * NUMBER_LENGTH_MAX,
    "a fraction": b"[1.5, -0.0, 1e3, 1E-400]",
    "minus zero": b"-0",
    "a long text of digits": b'"' + b"9" * 5_000 + b'"',
    "scalars": b"[null, true, false, 0, -1]",
}

REFUSED = {
    "nothing": b"",
    "white space": b"  ",
    "not JSON": b"amount=5",
    "cut off": b'{"a": ',
    "cut off in a text": b'{"a": "b',
    "cut off in an escape": b'"\\',
    "two values": b"1 2",
    "a comma too many": b'{"a": 1,}',
    "single quotes": b"{'a': 1}",
    "a comment": b"[1] // one",
    "a byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-16 without mark": '{"a": 1}'.encode("utf-16-le"),
    "UTF-32": '{"a": 1}'.encode("utf-32"),
    "Latin-1": '{"a": "é"}'.encode("latin-1"),
    "overlong UTF-8": b'"\xc0\x80"',
    "a surrogate in UTF-8": b'"\xed\xa0\x80"',
    "beyond Unicode": b'"\xf4\x90\x80\x80"',
    "NUL": b'{"a": "\x00"}',
    "NUL outside of a text": b'{"a": 1}\x00',
    "NUL, escaped": rb'{"a": "\u0000"}',
    "NUL, escaped, in a name": rb'{"\u0000": 1}',
    "NUL, escaped after a backslash": rb'"\\\u0000"',
    "a raw line feed in a text": b'"\n"',
    "a raw tab in a text": b'"\t"',
    "escape, raw": b'"\x1b[2J"',
    "escape, escaped": rb'"\u001b[2J"',
    "backspace": rb'"\b"',
    "form feed": rb'"\f"',
    "vertical tab": rb'"\u000B"',
    "unit separator": rb'"\u001F"',
    "a lone high surrogate": rb'"\ud83d"',
    "a lone high surrogate before a text": rb'"\uD83Dx"',
    "a lone low surrogate": rb'"\ude00"',
    "surrogates in the wrong order": rb'"\ude00\ud83d"',
    "two high surrogates": rb'"\ud83d\ud83d\ude00"',
    "a high surrogate before an escaped backslash": rb'"\ud83d\\ude00"',
    "an unknown escape": rb'"\x41"',
    "a short escape": rb'"\u12"',
    "the same name twice": b'{"amount": 1, "amount": 2}',
    "the same name twice, once escaped": rb'{"amount": 1, "\u0061mount": 2}',
    "the same name twice, deep": b'[{"a": [{"b": 1, "c": 2, "b": 1}]}]',
    "NaN": b'{"a": NaN}',
    "Infinity": b"[Infinity]",
    "minus Infinity": b"[-Infinity]",
    "1e400": b'{"a": 1e400}',
    "-1e400": b'{"a": -1e400}',
    "a number of 33 digits": b"1" * (NUMBER_LENGTH_MAX + 1),
    "a number of 5,000 digits": b'{"amount": ' + b"9" * 5_000 + b"}",
    "a fraction of 5,000 digits": b"0." + b"9" * 5_000,
    "an exponent of 5,000 digits": b"1e-" + b"9" * 5_000,
    "a leading zero": b"01",
    "a plus sign": b"+1",
    "an underscore in a number": b"1_000",
    "Arabic-Indic digits": '{"amount": \u0661\u0662\u0663}'.encode(),
    "full-width digits": '{"amount": \uff11\uff12\uff13}'.encode(),
    "a comma in a number": b'{"amount": 1,00}',
    "hexadecimal": b"0x10",
    "a number that ends in a point": b"1.",
    "one level too deep": b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1),
    "one level too deep, objects": b'{"a":' * DEPTH_MAX + b"{}" + b"}" * DEPTH_MAX,
    "one level too deep, mixed": b'[{"a":' * 17 + b"1" + b"}]" * 17,
    "100,000 brackets": b"[" * 100_000,
    "5,000 objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
}


@pytest.mark.parametrize("raw", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_what_reads_one_way_passes(raw: bytes) -> None:
    check_json(raw)

    assert msgspec.json.decode(raw) == json.loads(raw)


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
def test_what_may_read_two_ways_is_refused(raw: bytes) -> None:
    with pytest.raises(MediatorError) as refused:
        check_json(raw)

    assert refused.value.entry.code == "REQUEST_MALFORMED"
    assert len(refused.value.detail) < 300


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (REFUSED["a byte order mark"], "byte order mark"),
        (REFUSED["Latin-1"], "not UTF-8 at byte 7"),
        (REFUSED["the same name twice, once escaped"], "'amount' comes twice"),
        (REFUSED["a comma too many"], "at character 8"),
        (REFUSED["NaN"], "NaN is not a JSON number"),
        (REFUSED["100,000 brackets"], "32 levels"),
    ],
)
def test_a_refusal_says_what_to_mend(raw: bytes, words: str) -> None:
    with pytest.raises(MediatorError, match=words):
        check_json(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 65_536,
        b"[" + b"[]," * 21_000 + b"[]]",
        b"[" * 40 + b'"' + rb"\"" * 32_000,
        b"[" * 40 + b'"' + b"\\" * 65_000,
        b"[" * 33 + b'"a",' * 16_000,
        b'"' + rb"\u0041" * 10_000 + b'"',
        b"{" + b",".join(b'"%d":0' % number for number in range(6_000)) + b"}",
        b"9" * 65_000,
    ],
)
def test_no_body_within_the_bound_costs_much(raw: bytes) -> None:
    started = time.process_time()

    with contextlib.suppress(MediatorError):
        check_json(raw)

    # Each takes a few milliseconds; a scan that is not linear would take many seconds.
    assert time.process_time() - started < 0.5


CONTROLS = "".join(chr(point) for point in range(32) if chr(point) not in "\t\n\r")
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=CONTROLS))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_ordinary_values_pass_and_decode_alike(value: Any, ascii_only: bool) -> None:  # noqa: FBT001 -- Hypothesis gives it by position
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()

    check_json(raw)

    assert msgspec.json.decode(raw) == json.loads(raw) == value


FRAGMENTS = st.sampled_from(
    [
        *(bytes([byte]) for byte in b'{}[]"\\:,0123456789-+.eE abfnrtu/\x00\x1f\x7f\xff'),
        *(b"null", b"true", b'"a"', rb"\u", b"d800", b"dc00", b"0000", rb"\n", b"\xc3\xa9", b"NaN", b"Infinity"),
        *(b'{"a":1}', rb'"\ud83d\ude00"', b"\xed\xa0\x80", b"\xef\xbb\xbf", b"1e400", b"9" * 20),
    ]
)


@given(st.binary(max_size=60) | st.lists(FRAGMENTS, max_size=25).map(b"".join))
@example(b'{"a":1,"a":1}')
@example(rb'"\\\ud800"')
def test_whatever_passes_decodes_alike_and_without_loss(raw: bytes) -> None:
    try:
        check_json(raw)
    except MediatorError:
        return

    value = msgspec.json.decode(raw)
    assert value == json.loads(raw)
    assert msgspec.json.decode(msgspec.json.encode(value)) == value
