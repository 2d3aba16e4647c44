"""What the folder shows of banks' files is what the schemas call a file: nothing is shown that no bank would write."""

import re

import pytest

from adapters.providers.iso20022.examples import examples
from tests.adapters.providers.iso20022.examples import schema

SHOWN = [one.raw for one in examples().callbacks if one.raw.startswith(b"<")]


@pytest.mark.parametrize("raw", SHOWN)
def test_file_is_valid_by_its_schema(raw: bytes) -> None:
    named = re.search(rb"tech:xsd:([a-z.0-9]+)", raw)

    assert named is not None
    schema(named[1].decode()).validate(raw.decode().partition("?>")[2])
