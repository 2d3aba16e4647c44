"""What the generator of requests cannot know of money: loaded by schemathesis itself (`SCHEMATHESIS_HOOKS`)."""

import uuid
from typing import Any

import schemathesis
from schemathesis import Case, HookContext
from schemathesis.core import NotSet
from schemathesis.generation import GenerationMode


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Make what is meant to be valid valid, and only that."""
    parts = case.meta.components.values() if case.meta is not None else ()
    if any(part.mode is not GenerationMode.POSITIVE for part in parts):
        return
    if not isinstance(case.body, NotSet):
        # A body that is left out must not be touched: to the generator it would then be one that is wrong.
        case.body = _exact(case.body)
    if "Idempotency-Key" in (case.headers or {}):
        # A key used twice for two bodies is refused, as it should be.
        case.headers["Idempotency-Key"] = uuid.uuid4().hex


def _exact(value: Any) -> Any:
    """Write 5.0 as 5: one integer to JSON Schema, and refused as money because not every reader agrees."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _exact(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_exact(item) for item in value]
    return value
