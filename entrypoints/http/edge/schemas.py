"""Makes JSON Schemas of the types that requests and responses have, from the library that enforces them.

The framework derives schemas by itself and loses what it does not know: `forbid_unknown_fields`, sizes of objects,
defaults, formats. msgspec decodes and encodes the bodies, so what msgspec says of a type is what holds.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

JsonObject = dict[str, Any]

REFERENCE: Final = "#/components/schemas/"

# What the edge lets through in a body: no control characters but tab, line feed and return (strict_json.py);
# in a path, a query or a header: none at all (targets.py).
_BODY_TEXT: Final = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f]*$"
_PARAMETER_TEXT: Final = r"^[^\u0000-\u001f\u007f]*$"
_SAYS_WHICH_TEXT: Final = frozenset({"pattern", "format", "enum", "const"})


def schema_of(declared: object) -> tuple[JsonObject, dict[str, JsonObject]]:
    """Give the schema of a type and the components that it refers to.

    Raises TypeError for a type that msgspec does not know.
    """
    (schema,), components = msgspec.json.schema_components([declared], ref_template=f"{REFERENCE}{{name}}")
    return schema, components


def speak_ecma(node: object) -> None:
    r"""Write every pattern below `node` as ECMA-262, which JSON Schema asks for.

    Python's `\Z` is the very end; so is `$` there, while Python's `$` also stands before a last line feed.
    """
    for schema in _objects(node):
        pattern = schema.get("pattern")
        if isinstance(pattern, str):
            schema["pattern"] = pattern.replace(r"\A", "^").replace(r"\Z", "$")


def forbid_controls(node: object, *, in_body: bool) -> None:
    """Say of every text below `node`, of which nothing else is said, what characters the edge refuses in it."""
    pattern = _BODY_TEXT if in_body else _PARAMETER_TEXT
    for schema in _objects(node):
        if schema.get("type") == "string" and not _SAYS_WHICH_TEXT.intersection(schema):
            schema["pattern"] = pattern
        if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
            schema.setdefault("propertyNames", {}).setdefault("pattern", pattern)


def whole_numbers(node: object) -> None:
    """Write every bound below `node` that is a whole number without a fraction: the framework turns 100 into 100.0."""
    for schema in _objects(node):
        for name, value in schema.items():
            if isinstance(value, float) and value.is_integer():
                schema[name] = int(value)


def type_choices(node: object) -> None:
    """Say of every choice of texts below `node` that it is a text: msgspec leaves it out, and viewers ask for it."""
    for schema in _objects(node):
        choices = schema.get("enum")
        if isinstance(choices, list | tuple) and all(isinstance(choice, str) for choice in choices):
            schema.setdefault("type", "string")


def without_null(schema: JsonObject) -> JsonObject:
    """Give the schema of a parameter without its null: text has no null, and leaving the parameter out says none."""
    for word in ("oneOf", "anyOf"):
        kinds = [kind for kind in schema.get(word, ()) if kind != {"type": "null"}]
        if len(kinds) == 1:
            rest = {name: value for name, value in schema.items() if name != word}
            return {**kinds[0], **rest}
    return schema


def referred(nodes: Iterable[object], components: Mapping[str, JsonObject]) -> set[str]:
    """Give the names of all components that the nodes refer to, also through others."""
    found: set[str] = set()
    pending = list(nodes)
    while pending:
        for schema in _objects(pending.pop()):
            name = str(schema.get("$ref", "")).removeprefix(REFERENCE)
            if name in components and name not in found:
                found.add(name)
                pending.append(components[name])
    return found


def _objects(node: object) -> Iterator[JsonObject]:
    if isinstance(node, dict):
        yield node
        for value in list(node.values()):
            yield from _objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from _objects(value)
