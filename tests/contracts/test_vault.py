"""The promise of every vault: what is sealed for a place opens there, and nowhere else."""

import msgspec
import pytest
from uuid_utils.compat import uuid7

from adapters.security.vault import EnvelopeVault
from application.ports.vault import Place, Vault
from domain.errors import PROV_CREDENTIALS_SEALED, MediatorError
from domain.ids import ProviderAccountId, TenantId
from tests.fakes.vault import MemoryVault

SECRET = b'{"api_key":"sk_example"}'
PLACE = Place(tenant_id=TenantId(uuid7()), account_id=ProviderAccountId(uuid7()), version=3)


@pytest.fixture(params=["memory", "envelope"])
def vault(request: pytest.FixtureRequest) -> Vault:
    return MemoryVault() if request.param == "memory" else EnvelopeVault("a secret of the tests, known to everybody")


@pytest.mark.parametrize("secret", [b"", b"x", SECRET, bytes(range(256)) * 400])
def test_a_secret_opens_where_it_was_sealed_for(vault: Vault, secret: bytes) -> None:
    assert vault.open(vault.seal(secret, PLACE), PLACE) == secret


def test_the_same_secret_is_never_the_same_twice(vault: Vault) -> None:
    assert len({vault.seal(SECRET, PLACE) for _ in range(50)}) == 50


@pytest.mark.parametrize(
    "elsewhere",
    [
        msgspec.structs.replace(PLACE, tenant_id=TenantId(uuid7())),
        msgspec.structs.replace(PLACE, account_id=ProviderAccountId(uuid7())),
        msgspec.structs.replace(PLACE, version=4),
    ],
)
def test_it_opens_nowhere_else(vault: Vault, elsewhere: Place) -> None:
    sealed = vault.seal(SECRET, PLACE)

    with pytest.raises(MediatorError) as closed:
        vault.open(sealed, elsewhere)

    assert closed.value.entry is PROV_CREDENTIALS_SEALED


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"sealed by nobody", bytes(500)])
def test_what_was_never_sealed_does_not_open(vault: Vault, sealed: bytes) -> None:
    with pytest.raises(MediatorError) as closed:
        vault.open(sealed, PLACE)

    assert closed.value.entry is PROV_CREDENTIALS_SEALED
