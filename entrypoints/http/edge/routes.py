"""Reads from the routes what each declares about itself, for the document that describes them."""

from collections.abc import Iterator

import msgspec
from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from domain.errors import (
    AUTH_INVALID,
    CATALOGUE,
    IDEM_IN_FLIGHT,
    IDEM_KEY_REQUIRED,
    IDEM_MISMATCH,
    INTERNAL_ERROR,
    MEDIA_TYPE_UNSUPPORTED,
    NOT_FOUND,
    RATE_LIMITED,
    REQUEST_MALFORMED,
    REQUEST_TOO_LARGE,
    SERVICE_UNAVAILABLE,
    VAL_FIELD,
    ErrorCode,
)
from entrypoints.http.edge.decoding import body_type
from entrypoints.http.edge.refusals import SAFE_METHODS


class Route(msgspec.Struct, frozen=True):
    """One documented operation and what its handler says in `opt`.

    `public` (no credential is asked for), `idempotent` (an Idempotency-Key is), `errors` (codes of its own),
    `raw_body` (media types of a body that it reads as bytes), `bodies` (those of one that it decodes by itself),
    `also_as` (media types of the same answer as a file),
    `never` (codes of the edge that it cannot answer).
    """

    path: str
    method: str
    handler: HTTPRouteHandler

    @property
    def public(self) -> bool:
        """Whether it answers without a credential."""
        return bool(self.handler.opt.get("public", False))

    @property
    def idempotent(self) -> bool:
        """Whether it asks for an idempotency key."""
        return bool(self.handler.opt.get("idempotent", False))

    @property
    def limited(self) -> bool:
        """Whether somebody who asks too often is refused."""
        return self.handler.opt.get("limit") != "none"

    @property
    def raw_body(self) -> tuple[str, ...]:
        """The media types of a body that is read as bytes, if it is."""
        return tuple(self.handler.opt.get("raw_body", ()))

    @property
    def bodies(self) -> dict[str, object]:
        """The media types of a body that it reads by itself, each with the type of what is in it."""
        return dict(self.handler.opt.get("bodies", {}))

    @property
    def answers_in_lines(self) -> dict[str, object]:
        """The media types of an answer that is made of lines, each with the type of a line."""
        return dict(self.handler.opt.get("answers_in_lines", {}))

    @property
    def also_as(self) -> tuple[str, ...]:
        """The media types in which it gives its answer as a file, beside JSON."""
        return tuple(self.handler.opt.get("also_as", ()))

    @property
    def body_type(self) -> object:
        """The type of the JSON body, or None."""
        field = self.handler.parsed_data_field
        return None if field is None else body_type(field)

    @property
    def body_required(self) -> bool:
        """Whether it refuses a request without a body."""
        field = self.handler.parsed_data_field
        return field is not None and not field.has_default

    def response_types(self) -> dict[int, object]:
        """Give the type of the body for each status that the handler declares."""
        answered = self.handler.parsed_fn_signature.return_type
        if answered.is_subclass_of(Response):
            answered = answered.inner_types[0] if answered.inner_types else answered
        declared = {status: spec.data_container for status, spec in (self.handler.responses or {}).items()}
        return {self.handler.status_code: answered.annotation, **declared}

    def errors(self, *, takes_input: bool) -> list[ErrorCode]:
        """Give every refusal that it may answer, its own and the edge's, sorted by code.

        Raises ValueError for a code in `errors` that the catalogue does not know.
        """
        entries = [REQUEST_MALFORMED, INTERNAL_ERROR, *self._own_errors()]
        if not self.public:
            entries += [AUTH_INVALID, SERVICE_UNAVAILABLE]
        if self.limited:
            entries.append(RATE_LIMITED)
        if "{" in self.path:
            entries.append(NOT_FOUND)
        if self.method not in SAFE_METHODS:
            entries += [REQUEST_TOO_LARGE, MEDIA_TYPE_UNSUPPORTED]
        if takes_input:
            entries.append(VAL_FIELD)
        if self.idempotent:
            entries += [IDEM_KEY_REQUIRED, IDEM_IN_FLIGHT, IDEM_MISMATCH]
        never = set(self.handler.opt.get("never", ()))
        return [CATALOGUE[code] for code in sorted({entry.code for entry in entries} - never)]

    def _own_errors(self) -> list[ErrorCode]:
        codes = self.handler.opt.get("errors", ())
        if unknown := sorted(set(codes) - set(CATALOGUE)):
            raise ValueError(f"{self.method} {self.path} declares unknown error codes: {', '.join(unknown)}")
        return [CATALOGUE[code] for code in codes]


def documented_routes(app: Litestar) -> Iterator[Route]:
    """Give every route that is part of the document."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                if handler.resolve_include_in_schema():
                    yield Route(route.path_format or "/", method, handler)
