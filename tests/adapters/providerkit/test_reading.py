"""What comes from outside is read, or it is not; nothing raises, and no text goes on as it came."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providerkit.messages import HttpResponse
from adapters.providerkit.reading import MESSAGE_MAX, cleaned, find_read, read_query, unreadable
from domain.providers import Unknown


class Said(msgspec.Struct, frozen=True):
    """A word."""

    word: str


def test_json_of_the_shape_is_read() -> None:
    assert find_read(b'{"word":"yes","more":1}', Said) == Said("yes")


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"word":1}', b'{"word":"\xff"}', b"[" * 100_000, b'{"word":"y'])
def test_anything_else_is_none(raw: bytes) -> None:
    assert find_read(raw, Said) is None


@given(st.binary())
def test_nothing_raises(raw: bytes) -> None:
    assert find_read(raw, Said) is None or isinstance(find_read(raw, Said), Said)
    assert all(isinstance(one, str) for one in read_query(raw).values())


def test_first_of_a_name_that_comes_twice_is_read() -> None:
    assert read_query(b"a=1&b=%20x&a=2") == {"a": "1", "b": " x"}


@pytest.mark.parametrize("raw", [b"a=\xff", b"&".join(b"a%d=1" % number for number in range(51))])
def test_query_that_is_none_is_empty(raw: bytes) -> None:
    assert read_query(raw) == {}


def test_foreign_words_are_cut_and_lose_what_cannot_be_printed() -> None:
    assert cleaned("a\x00b\nc\u202ed") == "abcd"
    assert len(cleaned("x" * 10_000)) == MESSAGE_MAX
    assert cleaned("abcdef", length_max=3) == "abc"


def test_answer_that_cannot_be_read_leaves_doubt() -> None:
    assert unreadable(HttpResponse(status=502)) == Unknown("status 502, no answer that could be read")
