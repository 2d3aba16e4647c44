"""Decodes request bodies strictly, once, into the type that the route declares."""

from functools import lru_cache
from types import NoneType
from typing import Any, Union, get_args

import msgspec
from litestar import Request
from litestar.typing import FieldDefinition

from domain.errors import REQUEST_MALFORMED, MediatorError
from entrypoints.http.edge.pointers import invalid_body


class StrictRequest(Request[Any, Any, Any]):
    """A request whose JSON is what its type says: for `Litestar(request_class=...)`.

    The framework decodes a body to plain values and then converts them leniently: `"5"`, `5.0` and `5e0` become the
    integer 5, and 1 becomes true. Money must not be read like that. Here the bytes are decoded strictly into the
    declared type; the framework's conversion then finds a finished value and lets it through.
    """

    async def json(self) -> Any:  # noqa: ANN401 -- the framework's signature
        """Give the body as the declared type of the route's `data`. Raises VAL_FIELD or REQUEST_MALFORMED."""
        declared = self.route_handler.parsed_data_field
        if declared is None:
            return await super().json()
        try:
            return _decoder(body_type(declared)).decode(await self.body())
        except msgspec.ValidationError as fault:
            raise invalid_body(fault) from fault
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            raise MediatorError(REQUEST_MALFORMED, "The body is not JSON.") from fault


def body_type(declared: FieldDefinition) -> Any:  # noqa: ANN401 -- any type there is
    """Give the type of a body where there is one.

    A route that may go without a body declares `data: JSONBody[X | None] = None`. That None is the body which did not
    come; a body that says `null` is not an X.
    """
    if not (declared.has_default and declared.is_optional):
        return declared.annotation
    return Union[tuple(kind for kind in get_args(declared.annotation) if kind is not NoneType)]  # noqa: UP007 -- computed


@lru_cache(maxsize=256)
def _decoder(declared: type[Any]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(declared)
