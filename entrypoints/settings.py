"""The settings: one frozen value, read once from the environment, complete or refused."""

import os
import re
from collections.abc import Mapping
from typing import Annotated, get_args, get_origin, get_type_hints
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec
from msgspec import Meta

SECRET_LENGTH_MIN = 32
INSECURE_SECRET = "insecure-secret-for-debugging-only"  # noqa: S105 -- refused unless DEBUG is on


class SettingsError(Exception):
    """The environment cannot be used; the message names each setting, what it means, and an example."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is configured from outside. A field is the variable of the same name in capitals."""

    secret_key: Annotated[
        str,
        Meta(
            description="Secret from which API key digests are derived; at least 32 characters. "
            "Required unless DEBUG is true.",
            examples=["the output of: openssl rand -hex 32"],
        ),
    ] = ""
    secret_key_previous: Annotated[
        str,
        Meta(
            description="The SECRET_KEY before this one: API keys and provider credentials made under it still open. "
            "Empty: there is none.",
            examples=["the SECRET_KEY of before"],
        ),
    ] = ""
    debug: Annotated[
        bool,
        Meta(
            description="Debugging on a developer's machine: allows a missing secret and logs more.", examples=["true"]
        ),
    ] = False
    allowed_hosts: Annotated[
        tuple[str, ...],
        Meta(
            description="Host names that requests may be addressed to, separated by commas; a leading dot allows "
            "all subdomains, * allows any.",
            examples=["api.example.com,.internal.example.com"],
        ),
    ] = ("127.0.0.1", "localhost", "[::1]")
    public_url: Annotated[
        str,
        Meta(
            description="Base address under which providers reach this service with their callbacks.",
            examples=["https://payments.example.com"],
            pattern=r"^https?://[^/\s]+\Z",
        ),
    ] = "http://127.0.0.1:8000"
    database_url: Annotated[
        str,
        Meta(
            description="PostgreSQL 15 or newer, as the running application; its login should own nothing. "
            "Empty: `mediator up` starts an embedded one.",
            examples=["postgresql://mediator_app@db.example.com:5432/mediator"],
            pattern=r"^(postgres(ql)?(\+\w+)?://.+)?\Z",
        ),
    ] = ""
    database_owner_url: Annotated[
        str,
        Meta(
            description="PostgreSQL as the owner of the schema, for migrations. Empty: DATABASE_URL, lowered to the "
            "application's role while the service runs.",
            examples=["postgresql://mediator@db.example.com:5432/mediator"],
            pattern=r"^(postgres(ql)?(\+\w+)?://.+)?\Z",
        ),
    ] = ""
    database_password: Annotated[
        str,
        Meta(description="Password for DATABASE_URL, where that has none.", examples=["from your secret store"]),
    ] = ""
    database_pool_size: Annotated[
        int,
        Meta(description="Database connections that one process may hold.", examples=["10"], ge=1, le=200),
    ] = 10
    redis_url: Annotated[
        str,
        Meta(
            description="Redis 6 or newer, or Valkey. Empty: `mediator up` starts an embedded one.",
            examples=["redis://cache.example.com:6379/0"],
            pattern=r"^(rediss?://.+)?\Z",
        ),
    ] = ""
    redis_password: Annotated[
        str,
        Meta(
            description="Password for REDIS_URL and BROKER_URL, where they have none.",
            examples=["from your secret store"],
        ),
    ] = ""
    broker_url: Annotated[
        str,
        Meta(
            description="Redis or Valkey that carries the jobs. Empty: REDIS_URL.",
            examples=["redis://broker.example.com:6379/1"],
            pattern=r"^(rediss?://.+)?\Z",
        ),
    ] = ""
    otel_service_name: Annotated[
        str,
        Meta(description="Name of this service in its logs.", examples=["payments-eu"], min_length=1),
    ] = "financial-mediator"
    opentelemetry_enabled: Annotated[
        bool,
        Meta(description="Send traces to OTEL_EXPORTER_OTLP_ENDPOINT.", examples=["true"]),
    ] = False
    otel_exporter_otlp_endpoint: Annotated[
        str,
        Meta(
            description="Base address of the collector that takes traces by OTLP over HTTP.",
            examples=["http://collector.example.com:4318"],
            pattern=r"^https?://[^\s]+\Z",
        ),
    ] = "http://127.0.0.1:4318"
    otel_traces_sampler_arg: Annotated[
        float,
        Meta(description="Which part of requests and jobs is traced, from 0 to 1.", examples=["0.1"], ge=0, le=1),
    ] = 0.01
    metrics_host: Annotated[
        str,
        Meta(description="Address at which a process tells its metrics.", examples=["0.0.0.0"]),  # noqa: S104 -- an example
    ] = "127.0.0.1"
    metrics_port: Annotated[
        int,
        Meta(
            description="Port at which a process tells its metrics, under /metrics, for Prometheus to read; each "
            "of the API, the worker and the relay needs one of its own. 0: none are kept.",
            examples=["9464"],
            ge=0,
            le=65_535,
        ),
    ] = 0
    log_level: Annotated[
        str,
        Meta(
            description="Least level that is logged: debug, info, warning or error.",
            examples=["info"],
            pattern=r"^(debug|info|warning|error)\Z",
        ),
    ] = "info"
    api_host: Annotated[str, Meta(description="Address that the API listens on.", examples=["0.0.0.0"])] = "127.0.0.1"  # noqa: S104 -- an example
    api_port: Annotated[int, Meta(description="Port that the API listens on.", examples=["8000"], ge=0, le=65_535)] = (
        8000
    )
    api_workers: Annotated[
        int,
        Meta(
            description="Processes that serve the API. 0: half of the cores that this machine lets us use.",
            examples=["2"],
            ge=0,
            le=64,
        ),
    ] = 0
    rate_limit_window: Annotated[
        int,
        Meta(
            description="Seconds in which a used-up rate limit is whole again; it refills evenly.",
            examples=["60"],
            ge=1,
            le=86_400,
        ),
    ] = 60
    rate_limit_count: Annotated[
        int,
        Meta(
            description="Requests that one API key may make in RATE_LIMIT_WINDOW; an address without a valid key may "
            "make a hundredth. 0: no limit.",
            examples=["6000"],
            ge=0,
            le=100_000_000,
        ),
    ] = 600_000
    sandbox_url: Annotated[
        str,
        Meta(
            description="Base address of the sandbox provider. Empty: the sandbox is switched off.",
            examples=["http://127.0.0.1:9000"],
            pattern=r"^(https?://[^/\s]+)?\Z",
        ),
    ] = ""
    sandbox_api_key: Annotated[
        str, Meta(description="Our key at the sandbox provider.", examples=["sk_sandbox_example"])
    ] = ""
    sandbox_callback_secrets: Annotated[
        tuple[str, ...],
        Meta(
            description="Secrets that sign the sandbox's callbacks, separated by commas; several are live while "
            "they are rotated.",
            examples=["whsec_new,whsec_old"],
        ),
    ] = ()

    drop_folder_root: Annotated[
        str,
        Meta(
            description="Folder below which each account at a bank that exchanges files on this machine has its own, "
            "named as the account. Empty: there are no local drop folders, only SFTP.",
            examples=["/var/lib/mediator/banks"],
        ),
    ] = ""
    drop_folder_seconds: Annotated[
        float,
        Meta(
            description="How long to rest between two looks into the drop folders.", examples=["30"], ge=0.1, le=86_400
        ),
    ] = 30.0
    fx_source: Annotated[
        str,
        Meta(
            description="Whose exchange rates are used where a quote names none: ecb or nrb.",
            examples=["nrb"],
            pattern=r"^(ecb|nrb)\Z",
        ),
    ] = "ecb"
    fx_ecb_location: Annotated[
        str,
        Meta(
            description="File or http(s) address of the ECB's reference rates (eurofxref-hist.csv, or the ZIP). "
            "Empty: they are not read.",
            examples=["/var/lib/mediator/eurofxref-hist.zip"],
        ),
    ] = ""
    fx_nrb_location: Annotated[
        str,
        Meta(
            description="File or http(s) address of Nepal Rastra Bank's rates (its forex/v1/rates, without a query). "
            "Empty: they are not read.",
            examples=["/var/lib/mediator/nrb-rates.json"],
        ),
    ] = ""
    fx_days_back: Annotated[
        int,
        Meta(
            description="For a day without published rates, the last ones serve, at most so many days older. "
            "0: only those of the day itself.",
            examples=["5"],
            ge=0,
            le=31,
        ),
    ] = 5
    fx_age_hours: Annotated[
        int,
        Meta(description="Rates older than this are not quoted at.", examples=["144"], ge=1, le=8_760),
    ] = 144
    fx_margin_basis_points: Annotated[
        int,
        Meta(description="Margin of a quote that names none: 50 is 0.5 %.", examples=["50"], ge=0, le=5_000),
    ] = 0
    fx_quote_seconds: Annotated[
        int,
        Meta(description="How long a quote can be reserved.", examples=["60"], ge=1, le=86_400),
    ] = 60

    def __repr__(self) -> str:
        """Show nothing that could be a secret."""
        return f"Settings(debug={self.debug}, api={self.api_host}:{self.api_port})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """Show as little to rich, which would not ask `__repr__`."""
        return [("debug", self.debug), ("api", f"{self.api_host}:{self.api_port}")]

    @property
    def application_database(self) -> str:
        """Address of the database for the running application, with its password. Raises SettingsError without one."""
        if not self.database_url:
            raise SettingsError(_complaint("database_url", "is missing"))
        return with_password(self.database_url, self.database_password)

    @property
    def owner_database(self) -> str:
        """Address of the database for migrations, with its password. Raises SettingsError without one."""
        return self.database_owner_url or self.application_database

    @property
    def one_login(self) -> bool:
        """Whether the application runs under the owner's login and has to be lowered to its role."""
        return not self.database_owner_url

    @property
    def previous_secrets(self) -> tuple[str, ...]:
        """Secrets before this one, under which nothing new is made."""
        return (self.secret_key_previous,) if self.secret_key_previous else ()

    @property
    def redis(self) -> str:
        """Address of Redis, with its password. Raises SettingsError without one."""
        if not self.redis_url:
            raise SettingsError(_complaint("redis_url", "is missing"))
        return with_password(self.redis_url, self.redis_password)

    @property
    def follows(self) -> bool:
        """Whether anything is traced."""
        return self.opentelemetry_enabled and self.otel_traces_sampler_arg > 0

    @property
    def api_processes(self) -> int:
        """How many processes serve the API."""
        return self.api_workers or max(1, usable_cores() // 2)

    @property
    def broker(self) -> str:
        """Address of the broker, with its password. Raises SettingsError without one."""
        return with_password(self.broker_url, self.redis_password) if self.broker_url else self.redis


EMBEDDED_VARIABLES = """
# Read by `mediator up` and `mediator demo` alone, where no DATABASE_URL or REDIS_URL is given:
# MEDIATOR_HOME=            folder of data, logs and secrets; .mediator beside the checkout when empty
# MEDIATOR_PG_BIN=          folder with `postgres` and `initdb` (15 or newer), instead of the wheel's
# MEDIATOR_REDIS_SERVER=    `valkey-server` or `redis-server` (6 or newer), instead of the wheel's
"""


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment. Raises SettingsError that names everything that is wrong."""
    source = os.environ if environment is None else environment
    complaints: list[str] = []
    values: dict[str, object] = {}
    for name, hint in get_type_hints(Settings, include_extras=True).items():
        given = source.get(name.upper(), "").strip()
        if not given:
            continue
        try:
            values[name] = msgspec.convert(_split(hint, given), hint, strict=_is_no_number(hint, given))
        except msgspec.ValidationError as error:
            complaints.append(_complaint(name, f"cannot be used: {error}"))
    complaints.extend(_secret_complaints(values))
    complaints.extend(_sandbox_complaints(values))
    if complaints:
        raise SettingsError("\n".join(complaints))
    return msgspec.convert(values, Settings)


def _secret_complaints(values: dict[str, object]) -> list[str]:
    """Refuse to run without a secret, unless debugging; complete a missing one then."""
    secret = str(values.get("secret_key", ""))
    if values.get("debug") and not secret:
        values["secret_key"] = INSECURE_SECRET
        return []
    if not secret:
        return [_complaint("secret_key", "is missing, and DEBUG is not true")]
    if secret in (INSECURE_SECRET, described("secret_key")[1]) and not values.get("debug"):
        return [_complaint("secret_key", "is an example that everybody knows")]
    if len(secret) < SECRET_LENGTH_MIN:
        return [_complaint("secret_key", f"is shorter than {SECRET_LENGTH_MIN} characters")]
    return []


def _sandbox_complaints(values: dict[str, object]) -> list[str]:
    """Refuse a sandbox that is switched on without its key or its secrets."""
    if not values.get("sandbox_url"):
        return []
    missing = [name for name in ("sandbox_api_key", "sandbox_callback_secrets") if not values.get(name)]
    return [_complaint(name, "is missing, and SANDBOX_URL switches the sandbox on") for name in missing]


def _is_no_number(hint: object, given: str) -> bool:
    """Read a number only when it is written as digits: neither `1.0` nor `1e1` is a number of processes."""
    return get_args(hint)[0] is int and re.fullmatch("[0-9]{1,9}", given, re.ASCII) is None


def _split(hint: object, given: str) -> object:
    """Split a list of words; every other value is taken as it is."""
    if get_origin(get_args(hint)[0]) is tuple:
        return tuple(word.strip() for word in given.split(",") if word.strip())
    return given


def _complaint(name: str, fault: str) -> str:
    description, example = described(name)
    return f"{name.upper()} {fault}.\n  Meaning: {description}\n  Example: {name.upper()}={example}"


def usable_cores() -> int:
    """Count the cores that this process may run on: a container is often given fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def described(name: str) -> tuple[str, str]:
    """Give a setting's meaning and an example."""
    meta = next(one for one in get_args(get_type_hints(Settings, include_extras=True)[name]) if isinstance(one, Meta))
    return meta.description or "", str((meta.examples or [""])[0])


def with_password(url: str, password: str) -> str:
    """Put a password into an address that has none."""
    parts = urlsplit(url)
    if not password or parts.password or parts.hostname is None:
        return url
    user = parts.username or ""
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))


def example_file() -> str:
    """Write `.env.example`: every setting with its meaning and its default."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(Settings)}
    blocks = []
    for name in Settings.__struct_fields__:
        meaning, example = described(name)
        default = defaults[name]
        shown = (
            ",".join(default)
            if isinstance(default, tuple)
            else str(default).lower()
            if isinstance(default, bool)
            else str(default)
        )
        blocks.append(f"# {meaning}\n# Example: {name.upper()}={example}\n{name.upper()}={shown}\n")
    head = "# Every setting of the mediator with its default. An empty value means the default.\n\n"
    return head + "\n".join(blocks) + EMBEDDED_VARIABLES
