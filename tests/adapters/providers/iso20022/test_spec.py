"""What the folder exports, which settings it takes, and that the manifest says what the adapter does."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from adapters.providerkit.adapter import abilities_of
from adapters.providers.iso20022 import Iso20022Config, Iso20022Credentials, spec
from adapters.providers.iso20022.config import ChargeBearer, ServiceLevel
from adapters.providers.iso20022.manifest import SEPA_MAXIMUM_MINOR
from domain.manifests import CallbackTransport, KeyPlace
from domain.providers import OperationKind
from tests.adapters.providers.iso20022.examples import KEY, NOBODY, adapter, config

GIVEN = {"folder": {"type": "local"}, "debtor_name": "Shop", "debtor_iban": "DE09028457998082047609"}


def test_manifest_says_what_the_adapter_can_do() -> None:
    manifest = adapter().manifest

    assert manifest.abilities == spec.manifest.abilities == abilities_of(adapter())
    assert manifest.operations == {OperationKind.PAYOUT}
    assert manifest.idempotency.place is KeyPlace.MESSAGE_ID
    assert manifest.idempotency.takes(KEY)
    assert not manifest.idempotency.takes(KEY[:-1])
    assert manifest.callbacks is not None
    assert manifest.callbacks.transport is CallbackTransport.FILE


def test_manifest_of_an_account_is_narrower_than_that_of_all() -> None:
    sepa = adapter(time_zone="Europe/Berlin", deadline_seconds=5.0).manifest
    other = adapter(
        service_level=None, charge_bearer=ChargeBearer.SHARED, currencies=("EUR", "NPR"), debtor_iban=None,
        debtor_account="0123456789",
    ).manifest  # fmt: skip

    assert [(rule.currency, rule.maximum_minor) for rule in sepa.currencies] == [("EUR", SEPA_MAXIMUM_MINOR)]
    assert (sepa.time_zone, sepa.deadline_seconds) == ("Europe/Berlin", 5.0)
    assert [rule.currency for rule in other.currencies] == ["EUR", "NPR"]
    assert set(other.currencies) <= set(spec.manifest.currencies)


def test_settings_are_read_from_plain_data() -> None:
    sftp = {"type": "sftp", "host": "bank.example", "username": "shop", "host_key": "ssh-ed25519 AAAA"}

    assert msgspec.convert(GIVEN, Iso20022Config).folder == config().folder
    assert msgspec.convert(GIVEN | {"folder": sftp}, Iso20022Config).version.value == "pain.001.001.09"
    assert b"debtor_iban" in msgspec.json.encode(msgspec.json.schema(Iso20022Config))


@pytest.mark.parametrize(
    "changes",
    [
        {"debtor_iban": None},
        {"debtor_iban": "DE09028457998082047608"},
        {"debtor_account": "1"},
        {"debtor_name": ""},
        {"debtor_bic": "nobody"},
        {"currencies": []},
        {"currencies": ["XTS"]},
        {"currencies": ["USD"]},
        {"service_level": "URGP", "charge_bearer": "SLEV", "currencies": ["usd"]},
        {"charge_bearer": "SHAR"},
        {"version": "pain.001.001.02"},
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../../etc/passwd"},
        {"deadline_seconds": 0},
        {"folder": {"type": "local", "path": "/etc"}},
        {"folder": {"type": "ftp"}},
        {"folder": {"type": "sftp", "host": "bank.example", "username": "shop"}},
        {"folder": {"type": "sftp", "host": "a b", "username": "shop", "host_key": "ssh-ed25519 AAAA"}},
        {"nobody": 1},
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(GIVEN | changes, Iso20022Config)


def test_settings_without_a_scheme_are_anybody_s() -> None:
    free = config(service_level=ServiceLevel.URGENT, charge_bearer=ChargeBearer.DEBTOR, currencies=("USD", "JPY"))

    assert free.currencies == ("USD", "JPY")


def test_credentials_are_never_shown() -> None:
    secret = Iso20022Credentials(sftp_private_key="key", sftp_private_key_passphrase="words", sftp_password="pass")

    assert f"{secret!r}{secret}" == "Iso20022Credentials(***)" * 2
    assert msgspec.convert({}, Iso20022Credentials) == NOBODY


def test_folder_of_the_provider_opens_no_socket_and_reads_no_xml_before_the_first_file() -> None:
    late = {"socket", "asyncssh", "defusedxml", "mt940"}
    check = f"import sys, adapters.providers.iso20022\nprint({late} & set(sys.modules))"
    # Coverage would open a socket of its own in every process that inherits its variables.
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
