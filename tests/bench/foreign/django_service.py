# mypy: ignore-errors
# Django is in the environment of the foreign services alone, where mypy does not look.
"""A ledger as one would write it with Django and DRF: the same work for each transfer, with the ORM, one by one.

API key, rate counter in Redis, idempotency row, both accounts locked, two legs with running balances, audit row, outbox
row, durable commit. Written as plainly and as well as its authors could; it runs under gunicorn with threads and a
connection pool. `python django_service.py NUMBER_OF_ACCOUNTS` makes its tables.

It runs in an environment of its own (`requirements.lock`), and shares no code with the product.
"""

import hashlib
import json
import os
import sys
import uuid
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings

_DATABASE = urlsplit(os.environ["DATABASE_URL"])

settings.configure(
    SECRET_KEY=os.environ["SECRET_KEY"],
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["rest_framework"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],  # Without it answers have no length, but are chunked.
    USE_TZ=True,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _DATABASE.path.lstrip("/"),
            "USER": _DATABASE.username,
            "PASSWORD": _DATABASE.password,
            "HOST": _DATABASE.hostname,
            "PORT": _DATABASE.port,
            "OPTIONS": {"pool": {"min_size": 8, "max_size": 8, "timeout": 30}},
        }
    },
    CACHES={
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": os.environ["REDIS_URL"]},
        "keys": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    },
    REST_FRAMEWORK={
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        "UNAUTHENTICATED_USER": None,
    },
)
django.setup()

from django.core.cache import cache, caches  # noqa: E402 -- Django has to be set up first
from django.db import IntegrityError, connection, models, transaction  # noqa: E402 -- as above
from django.urls import path  # noqa: E402 -- as above
from django.utils import timezone  # noqa: E402 -- as above
from rest_framework import exceptions, serializers  # noqa: E402 -- as above
from rest_framework.authentication import BaseAuthentication  # noqa: E402 -- as above
from rest_framework.response import Response  # noqa: E402 -- as above
from rest_framework.throttling import BaseThrottle  # noqa: E402 -- as above
from rest_framework.views import APIView  # noqa: E402 -- as above

_KEY_SECONDS = 60
_RATE_MAX = 1_000_000_000


class ApiKey(models.Model):
    """A caller's key, by its digest."""

    digest = models.CharField(max_length=64, primary_key=True)
    tenant = models.UUIDField()

    class Meta:
        """Where the table belongs."""

        app_label = "ledger"

    def __str__(self) -> str:
        return self.digest


class Account(models.Model):
    """An account with its balance."""

    id = models.UUIDField(primary_key=True)
    tenant = models.UUIDField()
    currency = models.CharField(max_length=3)
    balance = models.BigIntegerField(default=0)
    overdraft_limit = models.BigIntegerField()
    version = models.BigIntegerField(default=0)

    class Meta:
        """Where the table belongs."""

        app_label = "ledger"

    def __str__(self) -> str:
        return str(self.id)


class Idempotency(models.Model):
    """A key that was used, with what was answered."""

    key = models.CharField(max_length=255, primary_key=True)
    fingerprint = models.CharField(max_length=64)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        """Where the table belongs."""

        app_label = "ledger"

    def __str__(self) -> str:
        return self.key


class Transfer(models.Model):
    """A transfer."""

    id = models.UUIDField(primary_key=True)
    tenant = models.UUIDField()
    recorded_at = models.DateTimeField()

    class Meta:
        """Where the table belongs."""

        app_label = "ledger"

    def __str__(self) -> str:
        return str(self.id)


class Leg(models.Model):
    """One side of a transfer, with the balance after it."""

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT)
    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    direction = models.CharField(max_length=6)
    amount = models.BigIntegerField()
    balance = models.BigIntegerField()
    version = models.BigIntegerField()

    class Meta:
        """Where the table belongs."""

        app_label = "ledger"

    def __str__(self) -> str:
        return f"{self.direction} {self.amount}"


class Audit(models.Model):
    """Who did what."""

    actor = models.CharField(max_length=80)
    action = models.CharField(max_length=80)
    details = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        """Where the table belongs."""

        app_label = "ledger"

    def __str__(self) -> str:
        return self.action


class Outbox(models.Model):
    """An event on its way."""

    tag = models.CharField(max_length=80)
    body = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        """Where the table belongs."""

        app_label = "ledger"

    def __str__(self) -> str:
        return self.tag


MODELS = (ApiKey, Account, Idempotency, Transfer, Leg, Audit, Outbox)


class KeyAuthentication(BaseAuthentication):
    """Knows a caller by the digest of the key, looked up once a minute."""

    def authenticate(self, request: Any) -> tuple[Any, Any]:
        """Give the caller. Raises AuthenticationFailed."""
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        digest = hashlib.sha256(key.encode()).hexdigest()
        tenant = caches["keys"].get(digest)
        if tenant is None:
            found = ApiKey.objects.filter(digest=digest).first()
            if found is None:
                raise exceptions.AuthenticationFailed
            tenant = found.tenant
            caches["keys"].set(digest, tenant, _KEY_SECONDS)
        return digest, tenant


class RateCounter(BaseThrottle):
    """Counts the requests of a key in each second, in Redis."""

    def allow_request(self, request: Any, view: Any) -> bool:
        """Count this one, and say whether it is within the limit."""
        counter = f"rate:{request.user}:{int(timezone.now().timestamp())}"
        cache.get_or_set(counter, 0, timeout=5)
        return bool(cache.incr(counter) <= _RATE_MAX)


class TransferSerializer(serializers.Serializer):
    """What is asked for."""

    debit_account = serializers.CharField()
    credit_account = serializers.CharField()
    amount = serializers.IntegerField(min_value=1)
    currency = serializers.CharField(min_length=3, max_length=3)


class Refused(exceptions.APIException):
    """The transfer cannot be made."""

    status_code = 422
    default_detail = "The transfer is refused."


class Transfers(APIView):
    """POST /v1/transfers."""

    authentication_classes = (KeyAuthentication,)
    throttle_classes = (RateCounter,)

    def post(self, request: Any) -> Any:
        """Make a transfer, once for each key."""
        key = request.headers.get("Idempotency-Key")
        if not key:
            raise exceptions.ValidationError("Idempotency-Key")
        asked = TransferSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        fingerprint = hashlib.sha256(json.dumps(asked.validated_data, sort_keys=True).encode()).hexdigest()
        try:
            answer = book(request.user, request.auth, key, fingerprint, asked.validated_data)
        except IntegrityError:
            answer = replayed(key, fingerprint)
        return Response(answer, status=201)


def book(actor: str, tenant: uuid.UUID, key: str, fingerprint: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Book a transfer with everything that goes with it, in one transaction. Raises IntegrityError for a used key."""
    now, transfer_id = timezone.now(), new_id()
    with transaction.atomic():
        used = Idempotency.objects.create(key=key, fingerprint=fingerprint, created_at=now)
        ids = [uuid.UUID(asked[side].removeprefix("acc_")) for side in ("debit_account", "credit_account")]
        found = Account.objects.select_for_update().filter(tenant=tenant, id__in=ids).order_by("id")
        accounts = {account.id: account for account in found}
        if len(accounts) != len(ids) or any(one.currency != asked["currency"] for one in accounts.values()):
            raise Refused
        debit, credit = (accounts[one] for one in ids)
        amount = asked["amount"]
        debit.balance -= amount
        credit.balance += amount
        if debit.balance < -debit.overdraft_limit:
            raise Refused
        for account in (debit, credit):
            account.version += 1
        Account.objects.bulk_update([debit, credit], ["balance", "version"])
        Transfer.objects.create(id=transfer_id, tenant=tenant, recorded_at=now)
        Leg.objects.bulk_create(
            Leg(
                transfer_id=transfer_id,
                account=account,
                direction=direction,
                amount=amount,
                balance=account.balance,
                version=account.version,
            )
            for direction, account in (("debit", debit), ("credit", credit))
        )
        answer = {"id": str(transfer_id), "balances": [debit.balance, credit.balance]}
        Audit.objects.create(actor=actor, action="transfer.post", details=answer, at=now)
        Outbox.objects.create(tag="transfer.posted", body=answer, at=now)
        used.answer = answer
        used.save(update_fields=["answer"])
    return answer


def replayed(key: str, fingerprint: str) -> dict[str, Any]:
    """Give what was answered before. Raises Refused when the key was used for something else."""
    used = Idempotency.objects.get(key=key)
    if used.fingerprint != fingerprint:
        raise Refused
    answer: dict[str, Any] = used.answer
    return answer


def new_id() -> uuid.UUID:
    """Make an id that rises with time (RFC 9562 version 7)."""
    milliseconds = int(timezone.now().timestamp() * 1000)
    rest = int.from_bytes(os.urandom(10), "big")
    return uuid.UUID(int=(milliseconds << 80 | rest) & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62)


urlpatterns = [path("v1/transfers", Transfers.as_view())]


def application() -> Any:
    """Make the WSGI application."""
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415 -- only the server needs it

    return get_wsgi_application()


def prepare(accounts: int) -> None:
    """Make the tables, the key and the accounts."""
    tenant = uuid.UUID(int=1)
    with connection.schema_editor() as editor:
        for model in MODELS:
            editor.create_model(model)
    ApiKey.objects.create(digest=hashlib.sha256(os.environ["API_KEY"].encode()).hexdigest(), tenant=tenant)
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into ledger_account (id, tenant, currency, balance, overdraft_limit, version)"
            " select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, %s, 'EUR', 0, 1000000000000000, 0"
            " from generate_series(1, %s::integer) n",
            [tenant, accounts],
        )
        cursor.execute("analyze")


if __name__ == "__main__":
    prepare(int(sys.argv[1]))
