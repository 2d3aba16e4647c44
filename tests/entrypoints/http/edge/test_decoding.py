"""A body is decoded strictly into what the route declares, with or without the rest of the edge in front."""

from typing import Annotated, Any

import msgspec
import pytest
from litestar import Litestar, Request, get, post
from litestar.params import HeaderParameter, JSONBody, QueryParameter
from litestar.testing import AsyncTestClient

from entrypoints.http.edge.decoding import StrictRequest
from entrypoints.http.edge.docs import openapi_config
from entrypoints.http.edge.exceptions import EXCEPTION_HANDLERS
from entrypoints.http.edge.openapi import truthful_openapi


class Amount(msgspec.Struct):
    minor: int
    exact: bool = True
    note: str = ""


@post("/amounts")
async def take_amounts(data: JSONBody[list[Amount]]) -> list[int]:
    return [amount.minor for amount in data]


@post("/amount")
async def take_amount(data: JSONBody[Amount]) -> int:
    return data.minor


@post("/read")
async def read_by_hand(request: Request[Any, Any, Any]) -> dict[str, Any]:
    return {"read": await request.json()}


@get("/needs", deprecated=True)
async def needs(
    *,
    limit: Annotated[int, QueryParameter()],
    other_key: Annotated[str, HeaderParameter(name="X-Other")],
) -> dict[str, Any]:
    return {"limit": limit, "other": other_key}


@post("/keyed", idempotent=True)
async def keyed(idempotency_key: Annotated[str, HeaderParameter(name="idempotency-key")]) -> Request[Any, Any, Any]:
    raise NotImplementedError(idempotency_key)


def make_app(request_class: type[Request[Any, Any, Any]] = StrictRequest) -> Litestar:
    return Litestar(
        [take_amount, take_amounts, read_by_hand, needs, keyed],
        request_class=request_class,
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=openapi_config(title="t", version="1", description="d"),
        logging_config=None,
    )


async def send(
    method: str, path: str, body: bytes = b"", *, app: Litestar | None = None, headers: dict[str, str] | None = None
) -> Any:
    async with AsyncTestClient(app or make_app()) as client:
        sent = {"content-type": "application/json", **(headers or {})}
        answer = await client.request(method, path, content=body, headers=sent)
        return answer.status_code, answer.json()


async def test_a_body_of_the_declared_type_is_read() -> None:
    assert await send("POST", "/amounts", b'[{"minor": 5}, {"minor": -0}]') == (201, [5, 0])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'[{"minor": 5}, {"minor": "5"}]', "/1/minor"),
        (b'[{"minor": 5.0}]', "/0/minor"),
        (b'[{"minor": 5, "exact": 1}]', "/0/exact"),
        (b'[{"minor": 5, "exact": "true"}]', "/0/exact"),
        (b'[{"exact": true}]', "/0/minor"),
    ],
)
async def test_a_value_of_another_type_is_refused_and_not_converted(body: bytes, pointer: str) -> None:
    status, problem = await send("POST", "/amounts", body)
    lenient, _ = await send("POST", "/amounts", body, app=make_app(Request))

    assert (status, problem["code"], problem["errors"][0]["pointer"]) == (422, "VAL_FIELD", pointer)
    # Why the class is needed: the framework's own request reads all but the last without a word.
    assert lenient == (422 if pointer == "/0/minor" and b"exact" in body else 201)


async def test_the_frameworks_own_words_on_a_body_are_pointed_at_too() -> None:
    app = make_app(Request)

    wrong, problem = await send("POST", "/amount", b'{"minor": "x"}', app=app)
    missing, other = await send("POST", "/amount", b"{}", app=app)

    assert (wrong, problem["errors"]) == (422, [{"pointer": "/minor", "detail": "Expected `int`, got `str`"}])
    assert (missing, other["errors"]) == (422, [{"pointer": "/minor", "detail": "is required"}])


@pytest.mark.parametrize(
    "body", [b"[", b'[{"minor": 1, "note": "\xff"}]', b'[{"x": ' + b"[" * 50_000, b"nope", b'[{"minor": 1}']
)
async def test_what_is_not_json_is_malformed_even_without_the_edge_in_front(body: bytes) -> None:
    status, problem = await send("POST", "/amounts", body)

    assert (status, problem["code"]) == (400, "REQUEST_MALFORMED")


async def test_a_route_that_declares_no_body_may_read_one() -> None:
    assert await send("POST", "/read", b'{"a": 1}') == (201, {"read": {"a": 1}})


@pytest.mark.parametrize(
    ("path", "headers", "pointer"),
    [("/needs", {"x-other": "1"}, "query/limit"), ("/needs?limit=1", {}, "header/X-Other")],
)
async def test_a_missing_parameter_is_pointed_at(path: str, headers: dict[str, str], pointer: str) -> None:
    status, problem = await send("GET", path, headers=headers)

    assert (status, problem["code"]) == (422, "VAL_FIELD")
    assert problem["errors"] == [{"pointer": pointer, "detail": "is required"}]


def test_the_document_keeps_what_only_the_framework_knows() -> None:
    paths = truthful_openapi(make_app())["paths"]

    assert paths["/needs"]["get"]["deprecated"] is True
    assert [one["name"] for one in paths["/needs"]["get"]["parameters"]] == ["limit", "X-Other"]
    assert [one["name"] for one in paths["/keyed"]["post"]["parameters"]] == ["Idempotency-Key"]
    assert "201" in paths["/keyed"]["post"]["responses"]
