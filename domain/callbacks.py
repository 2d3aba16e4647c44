"""What a callback is worth: whether its word counts, behind which others it waits, and under which name it is kept."""

from enum import StrEnum
from hashlib import sha256

from domain.manifests import CallbackRule, CallbackTransport
from domain.providers import CallbackEvent

NAME_MAX = 255


class CallbackState(StrEnum):
    """What became of a callback, and of each event in it. What cannot be read is kept for a person to look at."""

    RECEIVED = "received"
    APPLIED = "applied"
    IGNORED = "ignored"
    UNREADABLE = "unreadable"


def is_taken_at_its_word(rule: CallbackRule | None) -> bool:
    """Whether a finding in a callback is applied as it stands; otherwise it is only a reason to ask the provider.

    An unsigned one never is, and neither is what a customer's browser carries, whatever the manifest says.
    """
    if rule is None or rule.signature is None or rule.transport is CallbackTransport.REDIRECT:
        return False
    return rule.is_authoritative


def lane_of(said: CallbackEvent) -> str:
    """Name the object that an event is about: events of one lane are applied in the order in which they came."""
    name = said.provider_reference or said.operation_key or said.operation_reference or said.event_id
    return kept_name(name)


def kept_name(name: str) -> str:
    """Give a foreign name as it can be kept and compared: itself, or its SHA-256 where it is empty, long or no text."""
    if 0 < len(name) <= NAME_MAX and name.isprintable():
        return name
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def is_plain(name: str | None) -> bool:
    """Whether a foreign name could be one of ours: nothing that a database could not even be asked for."""
    return name is not None and 0 < len(name) <= NAME_MAX and name.isprintable()
