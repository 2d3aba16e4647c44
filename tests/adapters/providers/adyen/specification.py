"""Adyen's own description of Checkout, as far as the adapter goes: who validates by it, and its examples."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no annotations

FILE = Path(__file__).parents[3] / "data" / "adyen" / "CheckoutService-v71-excerpt.json"
SPECIFICATION: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
EXAMPLES: dict[str, Any] = SPECIFICATION["components"]["examples"]


def faults(shape: str, body: object) -> list[str]:
    """Say what is wrong with a body by the schema of that name; empty when nothing is."""
    schema = {"$ref": f"#/components/schemas/{shape}", "components": SPECIFICATION["components"]}
    return [fault.message for fault in Draft202012Validator(schema).iter_errors(body)]
