"""Reads msgspec's words on what is wrong in a body into an RFC 6901 JSON pointer and a sentence."""

import re
from typing import Final

import msgspec

from domain.errors import VAL_FIELD, FieldError, MediatorError

# msgspec ends its messages with where: "Expected `int`, got `str` - at `$.items[0].amount`", or for the name of a
# member of an object "... - at `key` in `$.metadata`".
_PLACE: Final = re.compile(r"^(?P<message>.*) - at (?:`key` in )?`(?P<path>\$.*)`$", re.DOTALL)
_STEP: Final = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d+)\]|\[\.\.\.\]")
_NAMED: Final = re.compile(r"^Object (?P<fault>missing required|contains unknown) field `(?P<name>.*)`$", re.DOTALL)

NAME_MAX: Final = 100
"""An unknown field is named back to the caller, but not at any length."""


def invalid_body(fault: msgspec.ValidationError) -> MediatorError:
    """Make the VAL_FIELD that says which field of the body is wrong. msgspec stops at the first."""
    found = _PLACE.match(str(fault))
    error = pointed(found["message"], path=found["path"]) if found else pointed(str(fault), path="$")
    return MediatorError(VAL_FIELD, f"{error.pointer or 'the body'}: {error.detail}", errors=(error,))


def pointed(message: str, *, path: str) -> FieldError:
    """Point at a field from msgspec's path (`$.items[0].amount`); a missing or unknown field is pointed at itself."""
    steps = [found["name"] or found["index"] for found in _STEP.finditer(path)]
    # `[...]` is some member of an object, which msgspec does not name: point at the object.
    steps = [step for step in steps if step is not None]
    if named := _NAMED.match(message):
        steps.append(named["name"][:NAME_MAX])
        message = "is required" if named["fault"] == "missing required" else "is not a known field"
    return FieldError("".join(f"/{_escaped(step)}" for step in steps), message)


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
