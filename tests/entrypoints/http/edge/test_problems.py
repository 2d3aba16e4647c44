"""Every refusal is a problem in the form of RFC 9457, with the facts that a caller needs to act."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from domain.errors import CATALOGUE, INTERNAL_ERROR, NOT_FOUND, FieldError, Kind, MediatorError, MoneyState
from entrypoints.http.edge.problems import STATUS_OF, Problem, rendered
from tests.entrypoints.http.edge.asking import ask
from tests.entrypoints.http.edge.sample import make_service

SERVICE = make_service()
NOBODY = [("content-type", "application/json")]


def scope(path: str = "/v1/payments") -> Any:
    return {"type": "http", "path": path, "method": "POST", "state": {"request_id": "req_1"}}


def test_every_kind_of_error_has_a_status_and_every_status_one_kind() -> None:
    assert set(STATUS_OF) == set(Kind)
    assert len(set(STATUS_OF.values())) == len(STATUS_OF)


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_code_renders_into_its_own_schema(code: str) -> None:
    answer = rendered(MediatorError(CATALOGUE[code], "Words."), scope())

    problem = msgspec.json.decode(answer.body, type=Problem)
    assert (problem.code, problem.type) == (code, f"/problems/{code}")
    assert problem.status == answer.status == STATUS_OF[CATALOGUE[code].kind]
    assert dict(answer.headers)["content-type"] == "application/problem+json"
    assert int(dict(answer.headers)["content-length"]) == len(answer.body)


async def test_a_refusal_carries_every_fact() -> None:
    answer = await ask(SERVICE, "POST", "/v1/payments/pay_busy/cancel", extra=[("x-request-id", "abc-1")])

    assert answer.status == 503
    assert answer.headers["retry-after"] == "7"
    assert answer.json() == {
        "type": "/problems/PROV_UNREACHABLE",
        "title": "The provider could not be reached; nothing was sent",
        "status": 503,
        "detail": "Nothing was sent.",
        "instance": "/v1/payments/pay_busy/cancel",
        "code": "PROV_UNREACHABLE",
        "request_id": "abc-1",
        "retryable": True,
        "safe_to_failover": True,
        "remedy": "Repeat the request with the same idempotency key.",
        "retry_after": 7,
        "money_state": "none",
        "provider": {"id": "sandbox", "code": "E42", "message": "try later"},
    }


async def test_what_is_not_set_is_left_out() -> None:
    answer = await ask(SERVICE, "GET", "/v1/payments/pay_2")

    assert answer.code == "NOT_FOUND"
    assert not {"retry_after", "provider", "errors"} & set(answer.json())
    assert "retry-after" not in answer.headers


async def test_the_money_state_is_the_resources_where_it_knows_better_and_absent_where_nobody_knows() -> None:
    known = await ask(SERVICE, "POST", "/v1/payments/pay_done/cancel")
    unknown = await ask(SERVICE, "POST", "/v1/payments/pay_none/cancel")

    assert known.json()["money_state"] == "moved"
    assert "money_state" not in unknown.json()


def test_no_waiting_time_is_not_the_same_as_none_at_all() -> None:
    at_once = rendered(MediatorError(INTERNAL_ERROR, "", retry_after_seconds=0), scope())

    assert dict(at_once.headers)["retry-after"] == "0"
    assert msgspec.json.decode(at_once.body)["retry_after"] == 0


def test_the_instance_is_a_uri_reference_of_bounded_length() -> None:
    answer = rendered(MediatorError(NOT_FOUND, ""), scope('/é\ud800 "<' + "x" * 5_000))

    instance = msgspec.json.decode(answer.body)["instance"]
    assert instance.startswith("/%C3%A9%3F%20%22%3C")
    assert len(instance) < 600


def test_errors_point_at_fields() -> None:
    errors = (FieldError("/amount", "is required"), FieldError("query/limit", "is too large"))

    answer = rendered(MediatorError(CATALOGUE["VAL_FIELD"], "", errors=errors), scope())

    assert msgspec.json.decode(answer.body)["errors"] == [
        {"pointer": "/amount", "detail": "is required"},
        {"pointer": "query/limit", "detail": "is too large"},
    ]


async def test_a_missing_credential_is_challenged() -> None:
    answer = await ask(SERVICE, "GET", "/v1/payments", headers=NOBODY)

    assert (answer.status, answer.code) == (401, "AUTH_INVALID")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_an_unknown_path_is_not_found() -> None:
    answer = await ask(SERVICE, "GET", "/v1/nothing")

    assert (answer.status, answer.code, answer.json()["instance"]) == (404, "NOT_FOUND", "/v1/nothing")


async def test_an_unknown_method_names_the_ones_that_are_known() -> None:
    answer = await ask(SERVICE, "PUT", "/v1/payments", b"{}")

    assert (answer.status, answer.code) == (405, "METHOD_NOT_ALLOWED")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "POST", "OPTIONS"}


async def test_options_names_every_method_of_a_path() -> None:
    answer = await ask(SERVICE, "OPTIONS", "/v1/payments")
    nowhere = await ask(SERVICE, "OPTIONS", "/v1/nothing")

    assert (answer.status, answer.body) == (204, b"")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "POST", "OPTIONS"}
    assert (nowhere.status, nowhere.code) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        (b'{"amount": "5", "currency": "EUR"}', "/amount", "Expected `int`, got `str`"),
        (b'{"amount": 5}', "/currency", "is required"),
        (b'{"amount": 5, "currency": "EUR", "a/b~c": 1}', "/a~1b~0c", "is not a known field"),
        (b'{"amount": 5, "currency": "EUR", "customer": {}}', "/customer/name", "is required"),
        (b'{"amount": 5, "currency": "EUR", "customer": {"name": "x", "y": 1}}', "/customer/y", "is not a known field"),
        (b'{"amount": 5, "currency": "EUR", "customer": {"name": "x", "tags": ["a", 5]}}', "/customer/tags/1", None),
        (b'{"amount": 5, "currency": "EUR", "metadata": {"a": 5}}', "/metadata", "Expected `str`, got `int`"),
        (b'{"amount": 5, "currency": "EUR", "metadata": {"": "x"}}', "/metadata", None),
        (b'{"amount": 5, "currency": "EUR", "' + b"x" * 5_000 + b'": 1}', "/" + "x" * 100, "is not a known field"),
        (b"[]", "", "Expected `object`, got `array`"),
        (b"", "", "a JSON body is required"),
    ],
)
async def test_a_wrong_field_of_the_body_is_pointed_at(body: bytes, pointer: str, words: str | None) -> None:
    answer = await ask(SERVICE, "POST", "/v1/payments", body, extra=[("idempotency-key", "k")])

    (error,) = answer.json()["errors"]
    assert (answer.status, answer.code, error["pointer"]) == (422, "VAL_FIELD", pointer)
    assert words is None or error["detail"] == words


async def test_every_wrong_parameter_is_pointed_at_by_its_public_name() -> None:
    answer = await ask(SERVICE, "GET", "/v1/payments", query=b"limit=1000&state=lost")

    assert [error["pointer"] for error in answer.json()["errors"]] == ["query/limit", "query/state"]
    assert "lost" not in answer.json()["instance"]


@pytest.mark.parametrize(
    ("method", "path", "money_state"),
    [
        ("GET", "/v1/faults/unexpected", "none"),
        ("GET", "/v1/faults/recursion", "none"),
        ("GET", "/v1/faults/forbidden", "none"),
        ("POST", "/v1/faults", "unknown"),
    ],
)
async def test_a_fault_of_ours_is_told_without_its_cause_and_logged_with_it(
    method: str, path: str, money_state: str, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    answer = await ask(SERVICE, method, path, extra=[("x-request-id", "abc-1")])

    assert (answer.status, answer.code, answer.json()["money_state"]) == (500, "INTERNAL_ERROR", money_state)
    assert b"secret" not in answer.body
    assert b"Error(" not in answer.body
    (line,) = [line for line in logged() if line["message"] == "request.failed"]
    assert (line["level"], line["request_id"]) == ("error", "abc-1")
    assert "Traceback" in line["details"]["exception"]["traceback"]
    assert "fmk_live_0" not in str(line)


async def test_a_declined_payment_shows_the_providers_words_apart_from_ours() -> None:
    answer = await ask(SERVICE, "GET", "/v1/faults/declined")

    assert (answer.status, answer.code) == (402, "PROV_DECLINED_HARD")
    assert answer.json()["provider"] == {"id": "sandbox", "code": "05", "message": "do not honour"}
    assert "do not honour" not in answer.json()["title"] + answer.json()["detail"]


async def test_the_type_of_every_problem_leads_to_its_explanation() -> None:
    listed = await ask(SERVICE, "GET", "/problems", headers=[])

    entries = listed.json()["data"]
    assert [entry["code"] for entry in entries] == sorted(CATALOGUE)
    for entry in entries:
        page = await ask(SERVICE, "GET", entry["type"], headers=[])
        assert (page.status, page.json()) == (200, entry)


async def test_a_code_that_is_not_in_the_catalogue_is_not_found() -> None:
    answer = await ask(SERVICE, "GET", "/problems/NOTHING", headers=[])

    assert (answer.status, answer.code) == (404, "NOT_FOUND")


def test_a_state_of_the_money_is_one_of_four() -> None:
    assert {state.value for state in MoneyState} == {"none", "held", "moved", "unknown"}
