"""The documentation page works without asking anybody else."""

import gzip
import re
from pathlib import Path

import msgspec
import pytest

from entrypoints.http.edge import docs
from entrypoints.http.edge.openapi import truthful_openapi
from tests.entrypoints.http.edge.asking import ask
from tests.entrypoints.http.edge.sample import make_framework, make_service

FRAMEWORK = make_framework()
SERVICE = make_service(FRAMEWORK)
ASSETS = Path(docs.__file__).parents[1] / "assets"


async def test_the_page_refers_only_to_this_service() -> None:
    page = (await ask(SERVICE, "GET", "/api/docs", headers=[])).body.decode()

    addresses = re.findall(r"""(?:src|href|data-url)=["']([^"']*)""", page)
    assert [address for address in addresses if not address.startswith(("/api/docs/", "data:,"))] == []
    assert "//" not in page
    for address in addresses:
        if address.startswith("/"):
            assert (await ask(SERVICE, "GET", address.partition("?")[0], headers=[])).status == 200


async def test_the_page_may_load_and_ask_only_this_service() -> None:
    answer = await ask(SERVICE, "GET", "/api/docs", headers=[])

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(rule.split(" ", 1) for rule in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"


async def test_the_document_is_the_corrected_one() -> None:
    answer = await ask(SERVICE, "GET", "/api/docs/openapi.json", headers=[])

    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == msgspec.json.decode(msgspec.json.encode(truthful_openapi(FRAMEWORK)))


@pytest.mark.parametrize("encoding", ["gzip", "gzip, deflate, br", "", "br", "gzip;q=0", "GZIP;q=0.5"])
async def test_the_script_is_the_committed_one_and_may_be_kept(encoding: str) -> None:
    answer = await ask(SERVICE, "GET", "/api/docs/assets/scalar.js", headers=[("accept-encoding", encoding)])

    zipped = answer.headers.get("content-encoding") == "gzip"
    assert zipped == (encoding in {"gzip", "gzip, deflate, br", "GZIP;q=0.5"})
    assert (gzip.decompress(answer.body) if zipped else answer.body) == (ASSETS / "scalar.js").read_bytes()
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "path", ["/schema", "/api/docs/swagger", "/api/docs/redoc", "/api/docs/x.yaml", "/api/docs/assets/other.js"]
)
async def test_no_other_documentation_is_served(path: str) -> None:
    answer = await ask(SERVICE, "GET", path, headers=[])

    assert (answer.status, answer.code) == (404, "NOT_FOUND")


def test_the_committed_script_comes_with_its_licence_and_names_no_place_to_download_from() -> None:
    script = (ASSETS / "scalar.js").read_text(encoding="utf-8")

    assert set(re.findall(r"//((?:cdn|registry|files)\.[\w.-]+)", script)) == {"registry.scalar.com"}
    assert "sourceMappingURL" not in script
    assert "MIT License" in (ASSETS / "scalar.LICENSE").read_text(encoding="utf-8")
    assert "@scalar/api-reference 1.46.4" in script[:400]
