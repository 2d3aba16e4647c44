"""Outbound idempotency keys: one that the provider would not take is never sent."""

from adapters.providerkit.messages import CannotBuildError
from domain.manifests import IdempotencyRule


def taken(rule: IdempotencyRule, key: str) -> str:
    """Give the key as it is. Raises CannotBuildError when the provider would cut it off, refuse or ignore it."""
    if not rule.takes(key):
        raise CannotBuildError("the key is not one that the provider takes")
    return key
