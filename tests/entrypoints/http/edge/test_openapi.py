"""The document says what is true."""

from typing import Annotated, Any

import jsonschema_rs
import msgspec
import pytest
from litestar import Litestar, get
from litestar.types import ASGIApp

from domain.errors import CATALOGUE
from entrypoints.http.edge.docs import openapi_config
from entrypoints.http.edge.openapi import truthful_openapi
from entrypoints.http.edge.problems import STATUS_OF
from entrypoints.http.edge.schemas import schema_of, speak_ecma, without_null
from tests.entrypoints.http.edge.asking import Answer, ask
from tests.entrypoints.http.edge.sample import make_framework, make_service

FRAMEWORK = make_framework()
SERVICE: ASGIApp = make_service(FRAMEWORK)
DOCUMENT = truthful_openapi(FRAMEWORK)
OPERATIONS = [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]


def operation(path: str, method: str) -> Any:
    return DOCUMENT["paths"][path][method]


def codes(path: str, method: str, status: str) -> list[str]:
    schema = operation(path, method)["responses"][status]["content"]["application/problem+json"]["schema"]
    found: list[str] = schema["allOf"][1]["properties"]["code"]["enum"]
    return found


def conforms(answer: Answer, path: str, method: str) -> None:
    """Check one answer against the document: its status, its media type, its body, its headers."""
    documented = operation(path, method)["responses"][str(answer.status)]
    if answer.body:
        schema = documented["content"][answer.headers["content-type"].partition(";")[0]]["schema"]
        whole = {"components": DOCUMENT["components"], **schema}
        jsonschema_rs.validator_for(whole).validate(answer.json())
    for name, reference in documented["headers"].items():
        header = DOCUMENT["components"]["headers"][reference["$ref"].rpartition("/")[2]]
        assert name.lower() in answer.headers or not header.get("required")


def test_the_document_is_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert msgspec.json.decode(msgspec.json.encode(DOCUMENT)) == DOCUMENT


def test_exactly_the_routes_that_are_part_of_it_are_documented() -> None:
    assert set(OPERATIONS) == {
        ("/v1/payments", "get"),
        ("/v1/payments", "post"),
        ("/v1/payments/{payment_id}", "get"),
        ("/v1/payments/{payment_id}/cancel", "post"),
        ("/v1/callbacks/{provider}", "post"),
        ("/problems", "get"),
        ("/problems/{code}", "get"),
        ("/health/live", "get"),
        ("/health/ready", "get"),
    }


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_refusal_is_documented_as_a_problem_of_its_status(path: str, method: str) -> None:
    for status, answer in operation(path, method)["responses"].items():
        assert "X-Request-ID" in answer["headers"]
        if int(status) >= 400:
            assert list(answer["content"]) == ["application/problem+json"]
            for code in codes(path, method, status):
                assert STATUS_OF[CATALOGUE[code].kind] == int(status)
                assert f"`{code}`" in answer["description"]


@pytest.mark.parametrize(
    ("path", "method", "expected"),
    [
        (
            "/v1/payments",
            "post",
            {
                "400": ["IDEM_KEY_REQUIRED", "REQUEST_MALFORMED"],
                "401": ["AUTH_INVALID"],
                "402": ["PROV_DECLINED_HARD"],
                "409": ["IDEM_IN_FLIGHT"],
                "413": ["REQUEST_TOO_LARGE"],
                "415": ["MEDIA_TYPE_UNSUPPORTED"],
                "422": ["IDEM_MISMATCH", "VAL_AMOUNT", "VAL_FIELD"],
                "429": ["RATE_LIMITED"],
                "500": ["INTERNAL_ERROR"],
                "503": ["SERVICE_UNAVAILABLE"],
            },
        ),
        (
            "/v1/payments/{payment_id}",
            "get",
            {
                "400": ["REQUEST_MALFORMED"],
                "401": ["AUTH_INVALID"],
                "404": ["NOT_FOUND"],
                "422": ["VAL_FIELD"],
                "429": ["RATE_LIMITED"],
                "500": ["INTERNAL_ERROR"],
                "503": ["SERVICE_UNAVAILABLE"],
            },
        ),
        ("/health/live", "get", {"400": ["REQUEST_MALFORMED"], "500": ["INTERNAL_ERROR"]}),
        (
            "/v1/callbacks/{provider}",
            "post",
            {
                "400": ["REQUEST_MALFORMED"],
                "401": ["CALLBACK_REFUSED"],
                "404": ["NOT_FOUND"],
                "413": ["REQUEST_TOO_LARGE"],
                "415": ["MEDIA_TYPE_UNSUPPORTED"],
                "422": ["VAL_FIELD"],
                "429": ["RATE_LIMITED"],
                "500": ["INTERNAL_ERROR"],
            },
        ),
    ],
)
def test_an_operation_documents_its_own_codes_and_those_of_the_edge(
    path: str, method: str, expected: dict[str, list[str]]
) -> None:
    statuses = [status for status in operation(path, method)["responses"] if int(status) >= 400]

    assert {status: codes(path, method, status) for status in statuses} == expected


def test_security_is_asked_for_except_where_a_route_is_public() -> None:
    assert DOCUMENT["security"] == [{"api_key": []}]
    assert DOCUMENT["components"]["securitySchemes"]["api_key"]["scheme"] == "bearer"
    public = {path for path, method in OPERATIONS if operation(path, method).get("security") == []}
    assert public == {"/v1/callbacks/{provider}", "/problems", "/problems/{code}", "/health/live", "/health/ready"}


def test_an_idempotent_operation_asks_for_the_key_and_may_replay() -> None:
    create = operation("/v1/payments", "post")

    (key,) = create["parameters"]
    assert (key["name"], key["in"], key["required"]) == ("Idempotency-Key", "header", True)
    replayed = {status for status, answer in create["responses"].items() if "Idempotency-Replayed" in answer["headers"]}
    assert replayed == {"201", "402", "409", "422"}


def test_headers_are_documented_where_they_come() -> None:
    cancel = operation("/v1/payments/{payment_id}/cancel", "post")["responses"]

    assert "Retry-After" in cancel["503"]["headers"]
    assert "WWW-Authenticate" in cancel["401"]["headers"]
    assert "Retry-After" not in cancel["404"]["headers"]


def test_a_body_that_knows_its_fields_says_so_with_all_their_bounds() -> None:
    schema = DOCUMENT["components"]["schemas"]["NewPayment"]

    assert schema["additionalProperties"] is False
    assert schema["required"] == ["amount", "currency"]
    assert schema["properties"]["amount"] == {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}
    assert schema["properties"]["currency"] == {"type": "string", "pattern": "^[A-Z]{3}$"}
    assert schema["properties"]["capture"] == {"type": "boolean", "default": True}
    assert schema["properties"]["metadata"]["maxProperties"] == 3
    assert "pattern" in schema["properties"]["metadata"]["propertyNames"]
    assert DOCUMENT["components"]["schemas"]["Customer"]["additionalProperties"] is False


def test_a_time_has_its_format_and_an_answer_is_left_open() -> None:
    schema = DOCUMENT["components"]["schemas"]["Payment"]

    assert schema["properties"]["created_at"]["format"] == "date-time"
    assert schema["properties"]["id"] == {"type": "string"}
    assert "additionalProperties" not in schema


def test_a_choice_of_texts_is_a_text() -> None:
    assert DOCUMENT["components"]["schemas"]["State"] == {
        "title": "State",
        "type": "string",
        "enum": ["cancelled", "captured"],
    }


def test_parameters_have_their_bounds_and_no_null() -> None:
    parameters = {one["name"]: one for one in operation("/v1/payments", "get")["parameters"]}

    assert parameters["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
    assert isinstance(parameters["limit"]["schema"]["maximum"], int)
    assert parameters["currency"]["schema"] == {"type": "string", "pattern": "^[A-Z]{3}$"}
    assert parameters["state"]["schema"] == {"$ref": "#/components/schemas/State"}
    assert "null" not in str(parameters)


def test_a_body_is_required_exactly_where_a_request_without_one_is_refused() -> None:
    assert operation("/v1/payments", "post")["requestBody"]["required"] is True
    assert operation("/v1/payments/{payment_id}/cancel", "post")["requestBody"]["required"] is False
    content = operation("/v1/payments/{payment_id}/cancel", "post")["requestBody"]["content"]
    assert content["application/json"]["schema"] == {"$ref": "#/components/schemas/Cancellation"}


def test_a_raw_body_is_documented_by_its_media_types() -> None:
    assert operation("/v1/callbacks/{provider}", "post")["requestBody"]["content"] == {
        "application/json": {"schema": {}}
    }


def test_nothing_of_the_document_is_unused_or_missing() -> None:
    text = msgspec.json.encode(DOCUMENT).decode()

    for kind in ("schemas", "headers"):
        for name in DOCUMENT["components"][kind]:
            assert f'"$ref":"#/components/{kind}/{name}"' in text
    for reference in set(text.split('"$ref":"')[1:]):
        _, kind, name = reference.partition('"')[0].removeprefix("#/").split("/")
        assert name in DOCUMENT["components"][kind]
    assert "\\\\Z" not in text
    assert "status_code" not in text


def test_the_application_keeps_its_own_document() -> None:
    before = FRAMEWORK.openapi_schema.to_schema()

    truthful_openapi(FRAMEWORK)

    assert FRAMEWORK.openapi_schema.to_schema() == before
    assert "Problem" not in before.get("components", {}).get("schemas", {})


def test_a_route_with_a_code_that_nobody_knows_stops_the_document() -> None:
    @get("/odd", errors=("NO_SUCH_CODE",))
    async def odd() -> None:
        """Declare what does not exist."""

    app = Litestar([odd], openapi_config=openapi_config(title="t", version="1", description="d"))

    with pytest.raises(ValueError, match="GET /odd declares unknown error codes: NO_SUCH_CODE"):
        truthful_openapi(app)


def test_a_type_that_msgspec_does_not_know_is_no_schema() -> None:
    with pytest.raises(TypeError):
        schema_of(Litestar)


def test_patterns_are_written_as_json_schema_reads_them() -> None:
    schema = {"properties": {"pattern": {"type": "string", "pattern": r"\Aa\Z"}}, "items": [{"pattern": r"^b\Z"}]}

    speak_ecma(schema)

    assert schema == {"properties": {"pattern": {"type": "string", "pattern": "^a$"}}, "items": [{"pattern": "^b$"}]}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"oneOf": [{"type": "string"}, {"type": "null"}], "maxLength": 3}, {"type": "string", "maxLength": 3}),
        ({"anyOf": [{"type": "null"}, {"$ref": "#/x"}]}, {"$ref": "#/x"}),
        ({"type": "integer"}, {"type": "integer"}),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, {"oneOf": [{"type": "string"}, {"type": "integer"}]}),
    ],
)
def test_a_parameter_has_no_null(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    assert without_null(schema) == expected


GOOD = b'{"amount": 5, "currency": "EUR"}'
ANSWERS = [
    ("/v1/payments", "post", "/v1/payments", GOOD, {"idempotency-key": "k"}, 201),
    ("/v1/payments", "post", "/v1/payments", GOOD, {"idempotency-key": "k"}, 201),
    ("/v1/payments", "post", "/v1/payments", GOOD, {}, 400),
    ("/v1/payments", "post", "/v1/payments", b"{", {}, 400),
    ("/v1/payments", "post", "/v1/payments", GOOD, {"authorization": "x"}, 400),
    ("/v1/payments", "post", "/v1/payments", b" " * 70_000, {}, 413),
    ("/v1/payments", "post", "/v1/payments", GOOD, {"content-encoding": "gzip"}, 415),
    ("/v1/payments", "post", "/v1/payments", b"{}", {}, 422),
    ("/v1/payments", "get", "/v1/payments", b"", {}, 200),
    ("/v1/payments/{payment_id}", "get", "/v1/payments/pay_1", b"", {}, 200),
    ("/v1/payments/{payment_id}", "get", "/v1/payments/pay_2", b"", {}, 404),
    ("/v1/payments/{payment_id}", "get", "/v1/payments/" + "x" * 65, b"", {}, 422),
    ("/v1/payments/{payment_id}/cancel", "post", "/v1/payments/pay_1/cancel", b"", {}, 200),
    ("/v1/payments/{payment_id}/cancel", "post", "/v1/payments/pay_1/cancel", b'{"reason": "x"}', {}, 200),
    ("/v1/payments/{payment_id}/cancel", "post", "/v1/payments/pay_1/cancel", b"null", {}, 422),
    ("/v1/payments/{payment_id}/cancel", "post", "/v1/payments/pay_1/cancel", b"{}", {}, 422),
    ("/v1/payments/{payment_id}/cancel", "post", "/v1/payments/pay_busy/cancel", b"", {}, 503),
    ("/v1/payments/{payment_id}/cancel", "post", "/v1/payments/pay_done/cancel", b"", {}, 409),
    ("/v1/callbacks/{provider}", "post", "/v1/callbacks/sandbox", b"<x/>", {}, 401),
    ("/v1/callbacks/{provider}", "post", "/v1/callbacks/sandbox", b"<x/>", {"x-signature": "good"}, 204),
    ("/problems", "get", "/problems", b"", {}, 200),
    ("/problems/{code}", "get", "/problems/NOT_FOUND", b"", {}, 200),
    ("/problems/{code}", "get", "/problems/NO", b"", {}, 404),
    ("/health/live", "get", "/health/live", b"", {}, 200),
    ("/health/ready", "get", "/health/ready", b"", {}, 200),
    ("/health/live", "get", "/health/live", b"", {"host": "not a host"}, 400),
]


@pytest.mark.parametrize("case", ANSWERS, ids=lambda case: f"{case[1]} {case[2][:40]} {case[5]}")
async def test_what_is_answered_is_what_is_documented(case: tuple[str, str, str, bytes, dict[str, str], int]) -> None:
    path, method, asked, body, headers, status = case

    answer = await ask(SERVICE, method.upper(), asked, body, extra=headers.items())

    assert answer.status == status
    conforms(answer, path, method)


async def test_a_missing_credential_is_answered_as_documented() -> None:
    answer = await ask(SERVICE, "GET", "/v1/payments", headers=[])

    assert answer.status == 401
    conforms(answer, "/v1/payments", "get")


def test_the_check_of_answers_itself_refuses_what_is_not_documented() -> None:
    other = {"type": "/problems/X", "code": "NOT_FOUND"}
    headers = {"content-type": "application/problem+json", "x-request-id": "r"}

    with pytest.raises(KeyError):
        conforms(Answer(418, headers, b"{}"), "/v1/payments", "get")
    with pytest.raises(jsonschema_rs.ValidationError):
        conforms(Answer(400, headers, msgspec.json.encode(other)), "/v1/payments", "get")
    with pytest.raises(AssertionError):
        conforms(Answer(204, {}, b""), "/v1/callbacks/{provider}", "post")


class Sized(msgspec.Struct, forbid_unknown_fields=True):
    """Something with a bound in the library's own words."""

    names: Annotated[dict[str, int], msgspec.Meta(min_length=1, extra_json_schema={"format": "names"})]


def test_formats_and_sizes_of_a_type_reach_its_schema() -> None:
    _, components = schema_of(Sized)

    assert components["Sized"]["properties"]["names"]["minProperties"] == 1
    assert components["Sized"]["properties"]["names"]["format"] == "names"
