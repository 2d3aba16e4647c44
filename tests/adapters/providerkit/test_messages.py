"""Requests and answers show what helps and hide what could be a secret."""

from adapters.providerkit.messages import HttpRequest, HttpResponse


def test_request_hides_credentials_query_and_body() -> None:
    request = HttpRequest(
        method="POST",
        url="https://provider.example/v1/charges?token=hidden-1",
        headers={"Authorization": "Bearer hidden-2", "X-Api-Key": "hidden-3", "Idempotency-Key": "key-1"},
        body=b'{"source": "hidden-4"}',
    )

    shown = f"{request!r} {request} {[request]}"

    assert "hidden" not in shown
    assert "POST https://provider.example/v1/charges" in shown
    assert "Idempotency-Key: key-1" in shown
    assert "Authorization: ***" in shown


def test_answer_hides_cookies_and_body() -> None:
    response = HttpResponse(status=200, headers={"set-cookie": "hidden-1", "content-type": "x"}, body=b"hidden-2")

    assert "hidden" not in repr(response)
    assert repr(response) == "HttpResponse(200, {set-cookie: ***, content-type: x}, 8 bytes)"


def test_ordinary_request_has_no_fault() -> None:
    request = HttpRequest(method="GET", url="http://a.example/b?c=%20", headers={"Accept": "text/html, a/b;q=0.9"})

    assert request.fault() is None
