"""Serves the API's document and the page that shows it, without one request to anybody else."""

import gzip
import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import Request, Response, Router, get
from litestar.enums import MediaType
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Server
from litestar.status_codes import HTTP_404_NOT_FOUND

from entrypoints.http.edge.openapi import truthful_openapi

DOCS_PATH: Final = "/api/docs"

_ASSET: Final = Path(__file__).parents[1] / "assets" / "scalar.js"

# The page runs our own script only and may ask only us; it writes its styles into itself.
_PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_GZIP: Final = re.compile(r"(?:^|,)\s*gzip\s*(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|\Z))", re.IGNORECASE)
"""Accepted, unless with the weight 0 (RFC 9110 §12.5.3)."""

# Everything of the viewer that would ask a server of its maker is switched off; the policy above would stop it too.
_VIEWER: Final = {
    "withDefaultFonts": False,
    "telemetry": False,
    "hideClientButton": True,
    "showDeveloperTools": "never",
    "agent": {"disabled": True},
    "mcp": {"disabled": True},
}

_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>body {{ margin: 0 }}</style>
</head>
<body>
<noscript>This page needs JavaScript. The document itself is at {path}/openapi.json.</noscript>
<script id="api-reference" type="application/json" data-url="{path}/openapi.json"
  data-configuration='{viewer}'></script>
<script src="{path}/assets/scalar.js?v={version}"></script>
</body>
</html>
"""


def openapi_config(*, title: str, version: str, description: str) -> OpenAPIConfig:
    """Serve the page at `/api/docs` and the document at `/api/docs/openapi.json`: for `Litestar(openapi_config=...)`.

    `title` goes into the page as it is: it is ours, not a caller's.
    """
    router = Router(
        DOCS_PATH,
        route_handlers=[get_scalar],
        include_in_schema=False,
        opt={"public": True},
        response_headers={"content-security-policy": _PAGE_POLICY},
        after_request=_refuse_in_our_words,
    )
    return OpenAPIConfig(
        title=title,
        version=version,
        description=description,
        servers=[Server(url="/")],
        use_handler_docstrings=True,
        operation_id_creator=_operation_id,
        openapi_router=router,
        render_plugins=[DocumentPage(path="/"), TruthfulDocument(path="/openapi.json", media_type=MediaType.JSON)],
    )


def _operation_id(handler: HTTPRouteHandler, *_: object) -> str:
    return handler.handler_name


class TruthfulDocument(OpenAPIRenderPlugin):
    """The corrected document as JSON, made at the first request."""

    _made: tuple[object, bytes] | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Give the document of the application that was asked."""
        if self._made is None or self._made[0] is not openapi_schema:
            self._made = (openapi_schema, msgspec.json.encode(truthful_openapi(request.app)))
        return self._made[1]


class DocumentPage(OpenAPIRenderPlugin):
    """The page that shows the document: Scalar, from the file beside this package."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002 -- the framework's signature; the page is the same for every request
        """Give the page; it is the same for every request."""
        title = openapi_schema["info"]["title"]
        viewer = msgspec.json.encode(_VIEWER).decode()
        return _PAGE.format(title=title, path=DOCS_PATH, viewer=viewer, version=_digest()).encode()


@lru_cache(maxsize=1)
def _digest() -> str:
    with _ASSET.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


@lru_cache(maxsize=1)
def _compressed() -> bytes:
    return gzip.compress(_ASSET.read_bytes(), 6, mtime=0)


@get("/assets/scalar.js", sync_to_thread=True)
def get_scalar(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Give the script of the page. Its address holds its digest, so that it may be kept for ever."""
    zipped = _GZIP.search(request.headers.get("accept-encoding", "")) is not None
    headers = {
        "cache-control": "public, max-age=31536000, immutable",
        "vary": "accept-encoding",
        **({"content-encoding": "gzip"} if zipped else {}),
    }
    return Response(_compressed() if zipped else _ASSET.read_bytes(), media_type="text/javascript", headers=headers)


def _refuse_in_our_words(response: Response[Any]) -> Response[Any]:
    """Refuse what is not under the document's path: the framework would answer with a page of its own."""
    if response.status_code == HTTP_404_NOT_FOUND:
        raise NotFoundException
    return response
