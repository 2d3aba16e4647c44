"""Refuses query values that only a lenient reader takes for a number, a truth, a time or nothing.

The framework converts query values leniently: `5.0` and `1e1` become integers, `1` becomes true, `null` becomes none
and a bare number becomes a time. The document says otherwise, and so does this guard.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from types import NoneType
from typing import Any, Final, get_args

from litestar.connection import ASGIConnection
from litestar.enums import ParamType
from litestar.handlers import BaseRouteHandler
from litestar.params import ParameterKwarg
from litestar.typing import FieldDefinition

from domain.errors import VAL_FIELD, FieldError, MediatorError

_FORM_OF: Final = {
    bool: (re.compile(r"^(?:true|false)\Z"), "must be true or false"),
    int: (re.compile(r"^(?:0|-?[1-9][0-9]{0,17})\Z"), "must be an integer in plain digits"),
    datetime: (
        re.compile(r"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)\Z", re.ASCII),
        "must be a time with its offset as in RFC 3339, its `+` written as `%2B`",
    ),
}
_NOTHING: Final = (re.compile(r"^(?!null\Z)", re.IGNORECASE), "must have a value; leave the parameter out to say none")

Form = tuple[re.Pattern[str], str]


async def strict_parameters(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Raise VAL_FIELD for a query value in a form that its type does not have. For `Litestar(guards=[...])`.

    Asynchronous though it waits for nothing: the framework gives every other guard a thread.
    """
    query = connection.query_params
    if not query:
        return
    for name, (form, words) in _forms(handler):
        if name in query and not form.match(query[name]):
            raise MediatorError(VAL_FIELD, f"query/{name}: {words}", errors=(FieldError(f"query/{name}", words),))


@lru_cache(maxsize=512)
def _forms(handler: BaseRouteHandler) -> tuple[tuple[str, Form], ...]:
    return tuple(_forms_of(handler.parsed_fn_signature.parameters.values()))


def _forms_of(fields: Iterable[FieldDefinition]) -> Iterator[tuple[str, Form]]:
    for field in fields:
        kwarg = field.kwarg_definition
        if isinstance(kwarg, ParameterKwarg) and kwarg.param_type is ParamType.QUERY:
            form = _form(field)
            if form is not None:
                yield kwarg.name or field.name, form


def _form(field: FieldDefinition) -> Form | None:
    kinds = set(get_args(field.annotation)) or {field.annotation}
    for kind, form in _FORM_OF.items():
        if kind in kinds:
            return form
    return _NOTHING if NoneType in kinds and str not in kinds else None
