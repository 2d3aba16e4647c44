"""Signatures fit when one of those that came is one of those that any live secret makes."""

import hashlib
import hmac

from adapters.providerkit.signatures import is_any, timed_signatures


def test_any_that_came_may_be_any_that_was_expected() -> None:
    assert is_any((b"x", b"b"), (b"a", b"b"))
    assert not is_any((b"x", b"y"), (b"a", b"b"))
    assert not is_any((), (b"a",))
    assert not is_any((b"a",), ())


def test_time_and_body_are_signed_with_each_secret() -> None:
    expected = [hmac.new(secret, b"17.body", hashlib.sha256).hexdigest().encode() for secret in (b"new", b"old")]

    assert list(timed_signatures(b"body", at="17", secrets=("new", "old"))) == expected


def test_nothing_is_signed_with_an_empty_secret() -> None:
    assert list(timed_signatures(b"body", at="17", secrets=("", ""))) == []
