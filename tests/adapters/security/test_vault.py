"""The envelope: no byte of it can be changed, and the secret above it can."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from uuid_utils.compat import uuid7

from adapters.security.vault import EnvelopeVault
from application.ports.vault import Place
from domain.errors import PROV_CREDENTIALS_SEALED, MediatorError
from domain.ids import ProviderAccountId, TenantId

OLD, NEW = "the secret of yesterday, no longer used", "the secret of today, known to everybody"
PLACE = Place(tenant_id=TenantId(uuid7()), account_id=ProviderAccountId(uuid7()), version=1)
SECRET = b"sk_live_of_nobody"


def refuses(vault: EnvelopeVault, sealed: bytes) -> bool:
    try:
        vault.open(sealed, PLACE)
    except MediatorError as refusal:
        return refusal.entry is PROV_CREDENTIALS_SEALED
    return False


def test_no_byte_can_be_changed_left_out_or_added() -> None:
    vault = EnvelopeVault(NEW)
    sealed = vault.seal(SECRET, PLACE)

    for place in range(len(sealed)):
        assert refuses(vault, sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]), place
        assert refuses(vault, sealed[:place]), place
    assert refuses(vault, sealed + b"\x00")


def test_it_shows_nothing_but_the_length() -> None:
    sealed = EnvelopeVault(NEW).seal(SECRET, PLACE)

    assert len(sealed) == 97 + len(SECRET)
    assert SECRET not in sealed


def test_a_new_secret_seals_and_the_one_before_still_opens() -> None:
    old, both, new = EnvelopeVault(OLD), EnvelopeVault(NEW, previous=(OLD,)), EnvelopeVault(NEW)

    before, after = old.seal(SECRET, PLACE), both.seal(SECRET, PLACE)

    assert (both.open(before, PLACE), both.open(after, PLACE), new.open(after, PLACE)) == (SECRET,) * 3
    assert refuses(new, before)
    assert refuses(old, after)


def test_the_envelope_is_what_its_description_says() -> None:
    """Opened by hand, from the description alone."""
    sealed = EnvelopeVault(NEW).seal(SECRET, PLACE)

    def derived(purpose: bytes, length: int) -> bytes:
        kdf = HKDF(algorithm=SHA256(), length=length, salt=None, info=b"financial-mediator vault v1 " + purpose)
        return kdf.derive(NEW.encode())

    head, wrapped, body = sealed[:9], sealed[9:69], sealed[69:]
    bound = head + PLACE.tenant_id.bytes + PLACE.account_id.bytes + (1).to_bytes(8, "big")
    data_key = AESGCM(derived(b"wrapping key", 32)).decrypt(wrapped[:12], wrapped[12:], bound)
    assert head == b"\x01" + derived(b"key id", 8)
    assert AESGCM(data_key).decrypt(body[:12], body[12:], bound) == SECRET


@pytest.mark.parametrize("damage", [b"", b"\x01" * 97])
def test_a_refusal_says_nothing_of_what_is_inside(damage: bytes) -> None:
    with pytest.raises(MediatorError) as closed:
        EnvelopeVault(NEW).open(damage, PLACE)

    assert "sk_live" not in str(closed.value)
