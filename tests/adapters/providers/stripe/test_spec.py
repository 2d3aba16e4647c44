"""What Stripe's folder exports, and which settings it takes."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from adapters.providerkit.adapter import abilities_of
from adapters.providers.stripe import StripeConfig, StripeCredentials, spec
from domain.currencies import EXPONENTS
from domain.providers import OperationKind
from tests.adapters.providers.stripe.examples import ADAPTER, CONFIG, CREDENTIALS, authorize, later, payout


def test_spec_makes_the_adapter_and_its_manifest_says_what_it_can_do() -> None:
    manifest = spec.create(msgspec.structs.replace(CONFIG, deadline_seconds=7), CREDENTIALS).manifest

    assert (spec.name, spec.config, spec.credentials) == ("stripe", StripeConfig, StripeCredentials)
    assert manifest == msgspec.structs.replace(spec.manifest, deadline_seconds=7)
    assert spec.manifest.abilities == abilities_of(ADAPTER)


def test_every_operation_carries_its_key_in_the_header_that_the_manifest_names() -> None:
    header = spec.manifest.idempotency.name
    assert header is not None
    payments = [
        authorize(),
        *(later(kind) for kind in (OperationKind.CAPTURE, OperationKind.VOID, OperationKind.REFUND)),
    ]

    requests = [*(ADAPTER.build_request(one) for one in payments), ADAPTER.build_payout(payout())]

    assert [one.headers[header] for one in requests] == ["op_1", "op_2", "op_2", "op_2", "op_3"]
    assert spec.manifest.idempotency.takes("k" * 255)
    assert not spec.manifest.idempotency.takes("k" * 256)


def test_exponents_differ_from_the_standard_where_stripe_does() -> None:
    deviating = {
        rule.currency: rule.exponent for rule in spec.manifest.currencies if EXPONENTS[rule.currency] != rule.exponent
    }
    coarse = {rule.currency: rule.multiple_minor for rule in spec.manifest.currencies if rule.multiple_minor > 1}

    assert deviating == {"ISK": 2, "UGX": 2, "MGA": 0}
    assert coarse == {"BHD": 10, "JOD": 10, "KWD": 10, "OMR": 10, "TND": 10, "MGA": 100}


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "stripe.example"},
        {"base_url": "ftp://stripe.example"},
        {"base_url": "https://user:password@stripe.example"},
        {"action_page_url": "https://shop.example/?a=1"},
        {"action_page_url": "https://shop.example/#a"},
        {"deadline_seconds": 0},
        {"api_version": "yesterday"},
        {"optional_fields": ["colour"]},
        {"payout_destinations": {"DE1": "ba/1"}},
        {"colour": "blue"},
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(changes, StripeConfig)


@pytest.mark.parametrize(
    "changes", [{"secret_key": ""}, {"callback_secrets": []}, {"callback_secrets": ["whsec_1", ""]}]
)
def test_credentials_that_open_nothing_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"secret_key": "k", "callback_secrets": ["s"]} | changes, StripeCredentials)


def test_folder_of_the_provider_opens_no_socket() -> None:
    check = (
        "import sys, adapters.providers.stripe\nprint({'aiohttp', 'socket', 'asyncio', 'stripe'} & set(sys.modules))"
    )
    own = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}

    answer = subprocess.run(
        [sys.executable, "-c", check],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[4],
        env=own,
    )

    assert answer.stdout.strip() == "set()"
