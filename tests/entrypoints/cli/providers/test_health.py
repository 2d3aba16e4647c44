"""`mediator providers health|breaker`, on a database."""

import pytest

from tests.entrypoints.cli.conftest import Run
from tests.entrypoints.cli.ledger.conftest import Books
from tests.fakes.stores import Database


@pytest.fixture
def desk(on_a_database: Database, mediator: Run, monkeypatch: pytest.MonkeyPatch) -> Books:
    """A tenant with an account at the sandbox, which nobody calls."""
    monkeypatch.setenv("SANDBOX_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("SANDBOX_API_KEY", "sk_example")
    monkeypatch.setenv("SANDBOX_CALLBACK_SECRETS", "whsec_example")
    assert mediator("tenants", "open", "A shop").code == 0
    return Books(mediator, "")


def account_of(desk: Books) -> str:
    (only,) = desk.told("health", command="providers")
    account: str = only["breaker"]["provider_account_id"]
    return account


def test_health_shows_every_account_to_people_and_programs(desk: Books) -> None:
    account = account_of(desk)

    said, one = desk.run("providers", "health"), desk.told("health", account, command="providers")

    assert said.code == 0
    assert account in said.out.replace("\n", "")
    assert one == desk.told("health", command="providers")
    assert (one[0]["is_healthy"], one[0]["breaker"]["setting"]) == (True, "auto")
    assert [circuit["state"] for circuit in one[0]["circuits"]] == ["closed"] * 3


def test_a_breaker_is_set_by_hand_and_given_back(desk: Books) -> None:
    account = account_of(desk)

    opened = desk.told("breaker", account, "open", "--note", "they are down", "--yes", command="providers")
    shown = desk.told("health", command="providers")[0]
    back = desk.told("breaker", account, "auto", "--yes", command="providers")

    assert (opened["is_healthy"], shown["is_healthy"], back["is_healthy"]) == (False, False, True)
    assert (shown["breaker"]["setting"], shown["breaker"]["note"]) == ("open", "they are down")
    assert shown["breaker"]["actor"] == "operator:cli"


def test_it_asks_whether_it_is_meant(desk: Books) -> None:
    account = account_of(desk)

    said = desk.run("providers", "breaker", account, "open")

    assert said.code != 0
    assert f"Let no new money through to {account}?" in said.err
    assert desk.told("health", command="providers")[0]["breaker"]["setting"] == "auto"


def test_what_is_no_account_is_refused(desk: Books) -> None:
    nobody = f"pac_{'0' * 32}"

    assert "is no provider account" in desk.run("providers", "health", "sandbox").err
    assert nobody in desk.refused("health", nobody, command="providers")
    assert nobody in desk.refused("breaker", nobody, "open", "--yes", command="providers")
