"""Which texts of a configured provider nobody may see."""

import msgspec

_SHORTEST = 4
"""A shorter text is found everywhere by chance."""


def secrets_in(credentials: object) -> tuple[str, ...]:
    """Give every text in the credentials, at any depth."""
    return tuple(text for text in _texts(msgspec.to_builtins(credentials)) if len(text) >= _SHORTEST)


def _texts(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for inner in value.values() for text in _texts(inner)]
        case list() | tuple():
            return [text for inner in value for text in _texts(inner)]
        case _:
            return []
