"""The settings are whole or the start is refused, with words that say what to do and never repeat a secret."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.pretty import pretty_repr

from entrypoints.settings import (
    INSECURE_SECRET,
    SECRET_LENGTH_MIN,
    Settings,
    SettingsError,
    described,
    read_settings,
)

ROOT = Path(__file__).parents[2]
SECRET = "f3b1c9d2e4a5968778695a4b3c2d1e0f"
NAMES = tuple(name.upper() for name in Settings.__struct_fields__)
STORES = {"DATABASE_URL": "postgresql://app@db.example.com/mediator", "REDIS_URL": "redis://cache.example.com/0"}

MALFORMED = {
    "SECRET_KEY": ("short", "x" * (SECRET_LENGTH_MIN - 1)),
    "DEBUG": ("maybe", "2", "on", "yes please"),
    "PUBLIC_URL": ("x", "ftp://a.example", "https://a.example/path", "https://", "https://a b.example", "//a.example"),
    "DATABASE_URL": ("x", "mysql://a@b/c", "postgresql:", "postgresql://", "http://a.example"),
    "DATABASE_OWNER_URL": ("x", "mysql://a@b/c", "postgresql://"),
    "DATABASE_POOL_SIZE": ("0", "-1", "201", "ten", "1.5", "1_0", "\u0663", "0x10", "1e1", "9" * 30),
    "REDIS_URL": ("x", "http://a.example", "redis://", "redis:cache"),
    "BROKER_URL": ("x", "amqp://a.example", "rediss://"),
    "LOG_LEVEL": ("loud", "INFO ", "info,debug", "5"),
    "API_PORT": ("-1", "65536", "http", "80.0", "8_000", "\u0668\u0660"),
    "API_WORKERS": ("-1", "65", "many", "1.0"),
    "RATE_LIMIT_WINDOW": ("0", "86401", "1m", "-1", "0.5"),
    "RATE_LIMIT_COUNT": ("-1", "100000001", "many", "1e6"),
    "SANDBOX_URL": ("x", "ftp://a.example", "http://a.example/path", "http://"),
}


def read(**environment: str) -> Settings:
    return read_settings({"SECRET_KEY": SECRET, **environment})


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in MALFORMED.items() for value in values])
def test_a_malformed_setting_stops_the_start_with_its_name_its_meaning_and_an_example(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(**{name: value})

    meaning, example = described(name.lower())
    words = str(refused.value)
    assert words.startswith(f"{name} ")
    assert f"Meaning: {meaning}" in words
    assert f"Example: {name}={example}" in words
    assert meaning
    assert example


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({"API_PORT": "x", "LOG_LEVEL": "x", "DATABASE_URL": "x"})

    assert all(f"{name} " in str(refused.value) for name in ("SECRET_KEY", "API_PORT", "LOG_LEVEL", "DATABASE_URL"))


@pytest.mark.parametrize("secret", [None, "", "   ", "\t\n"])
@pytest.mark.parametrize("debug", [None, "", "false", "0"])
def test_without_a_secret_and_without_debug_the_start_is_refused(secret: str | None, debug: str | None) -> None:
    given = {"SECRET_KEY": secret, "DEBUG": debug}

    with pytest.raises(SettingsError, match=r"^SECRET_KEY is missing, and DEBUG is not true"):
        read_settings({name: value for name, value in given.items() if value is not None})


@pytest.mark.parametrize("debug", ["true", "1", "True"])
def test_debug_allows_a_missing_secret_but_no_short_one(debug: str) -> None:
    assert read_settings({"DEBUG": debug}).secret_key == INSECURE_SECRET
    with pytest.raises(SettingsError, match="shorter"):
        read_settings({"DEBUG": debug, "SECRET_KEY": "short"})


def test_the_secret_for_debugging_is_refused_without_debug() -> None:
    with pytest.raises(SettingsError, match=r"^SECRET_KEY "):
        read_settings({"SECRET_KEY": INSECURE_SECRET})


def test_the_example_of_the_secret_is_no_secret() -> None:
    with pytest.raises(SettingsError, match=r"^SECRET_KEY "):
        read_settings({"SECRET_KEY": described("secret_key")[1]})


def test_every_other_example_can_be_used() -> None:
    examples = {name: described(name.lower())[1] for name in NAMES if name != "SECRET_KEY"}

    settings = read(**examples)

    assert settings.allowed_hosts == ("api.example.com", ".internal.example.com")
    assert settings.sandbox_callback_secrets == ("whsec_new", "whsec_old")
    assert (settings.api_port, settings.debug) == (8000, True)


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_value_means_the_default(name: str) -> None:
    if name != "SECRET_KEY":
        assert read(**{name: " "}) == read()


def test_a_list_is_read_word_by_word() -> None:
    assert read(ALLOWED_HOSTS=" a.example , ,.b.example,").allowed_hosts == ("a.example", ".b.example")


def test_what_is_no_setting_of_ours_is_left_alone() -> None:
    assert read(PATH="/bin", DATABASE="x", sandbox_url="http://lower.example") == read()


@pytest.mark.parametrize("missing", ["SANDBOX_API_KEY", "SANDBOX_CALLBACK_SECRETS"])
def test_a_provider_that_is_switched_on_needs_its_key_and_its_secrets(missing: str) -> None:
    given = {
        "SANDBOX_URL": "http://127.0.0.1:9000",
        "SANDBOX_API_KEY": "sk_example",
        "SANDBOX_CALLBACK_SECRETS": "whsec_example",
    }

    with pytest.raises(SettingsError, match=rf"^{missing} "):
        read(**{name: value for name, value in given.items() if name != missing})


def full_of_secrets() -> tuple[Settings, tuple[str, ...]]:
    secrets = (
        "canary-secret-0123456789-0123456789",
        "canary-db",
        "canary-own",
        "canary-redis",
        "canary-key",
        "canary-cb",
    )
    settings = read(
        SECRET_KEY=secrets[0],
        DATABASE_URL=f"postgresql://app:{secrets[1]}@db.example.com/mediator",
        DATABASE_OWNER_URL=f"postgresql://own:{secrets[2]}@db.example.com/mediator",
        DATABASE_PASSWORD=secrets[1],
        REDIS_URL=f"redis://:{secrets[3]}@cache.example.com/0",
        REDIS_PASSWORD=secrets[3],
        BROKER_URL=f"redis://:{secrets[3]}@broker.example.com/1",
        SANDBOX_URL="http://127.0.0.1:9000",
        SANDBOX_API_KEY=secrets[4],
        SANDBOX_CALLBACK_SECRETS=secrets[5],
    )
    return settings, secrets


def test_no_way_of_showing_the_settings_shows_a_secret() -> None:
    settings, secrets = full_of_secrets()

    shown = [repr(settings), str(settings), f"{settings}", f"{[settings]!r}", pretty_repr(settings)]

    assert [secret for secret in secrets for text in shown if secret in text] == []


@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "BROKER_URL", "SECRET_KEY"])
def test_a_complaint_does_not_repeat_what_it_complains_about(name: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(**{name: "mysql:canary" if name != "SECRET_KEY" else "canary"})

    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "password", "expected"),
    [
        ("postgresql://app@db.example.com:5432/m", "p", "postgresql://app:p@db.example.com:5432/m"),
        ("postgresql://app@db.example.com/m?ssl=true", "p@/", "postgresql://app:p%40%2F@db.example.com/m?ssl=true"),
        ("postgresql://app@db.example.com/m", "p:#", "postgresql://app:p%3A%23@db.example.com/m"),
        ("postgresql://app:own@db.example.com/m", "p", "postgresql://app:own@db.example.com/m"),
        ("postgresql://app@[::1]:5432/m", "p", "postgresql://app:p@[::1]:5432/m"),
        ("postgresql://app@db.example.com/m", "", "postgresql://app@db.example.com/m"),
    ],
)
def test_a_password_of_its_own_goes_into_the_address_that_has_none(url: str, password: str, expected: str) -> None:
    assert read(DATABASE_URL=url, DATABASE_PASSWORD=password).application_database == expected


def test_the_broker_is_redis_unless_it_is_named() -> None:
    settings = read(**STORES, REDIS_PASSWORD="p")

    assert settings.broker == settings.redis == "redis://:p@cache.example.com/0"
    assert read(**STORES, BROKER_URL="redis://broker.example.com/1").broker == "redis://broker.example.com/1"


@pytest.mark.parametrize(("asked", "name"), [("application_database", "DATABASE_URL"), ("redis", "REDIS_URL")])
def test_a_store_that_is_missing_is_named_when_it_is_asked_for(asked: str, name: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{name} is missing.\n  Meaning: .+\n  Example: {name}="):
        getattr(read(), asked)


def test_without_an_owner_the_application_is_lowered_from_its_own_login() -> None:
    assert read(**STORES).one_login is True
    assert read(**STORES).owner_database == STORES["DATABASE_URL"]
    assert read(**STORES, DATABASE_OWNER_URL="postgresql://o@db.example.com/m").one_login is False


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "SECRET_KEY"),
        ({"SECRET_KEY": SECRET, "API_PORT": "x"}, "API_PORT"),
        ({"SECRET_KEY": SECRET}, "DATABASE_URL"),
        ({"DEBUG": "true"}, "DATABASE_URL"),
        ({"SECRET_KEY": SECRET, **STORES, "SANDBOX_URL": "http://127.0.0.1:1"}, "SANDBOX_API_KEY"),
    ],
)
def test_the_api_does_not_start_without_what_it_cannot_work_without(given: dict[str, str], named: str) -> None:
    own = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [sys.executable, "-m", "entrypoints.http.main"]

    try:
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env={"API_PORT": "0", **own, **given},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.fail(f"it started without {named}")

    assert ended.returncode == 78
    assert f"{named} " in ended.stderr
    assert "Example: " in ended.stderr
    assert "Traceback" not in ended.stderr
