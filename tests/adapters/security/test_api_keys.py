"""API keys: a shape that scanners know, a checksum that catches typing errors, a digest that opens nothing."""

import hashlib
import hmac
import re
import zlib
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.security.api_keys import ALPHABET, HmacApiKeys
from application.identity.authenticate import NOBODY, AuthenticateHandler
from application.ports.identity import ApiKeyRepository, ApiKeys, StoredApiKey
from domain.errors import AUTH_INVALID, MediatorError
from domain.ids import ApiKeyId, PrincipalId, TenantId

SECRET = "a secret of the tests, known to everybody"
SHAPE = re.compile(r"fmk_live_[0-9A-Za-z]{38}")
KEYS = HmacApiKeys(SECRET)


def base62(value: int) -> str:
    """Write six digits, without the product's own code."""
    digits = [ALPHABET[value // 62**place % 62] for place in range(6)]
    return "".join(reversed(digits))


BODY = "7fQ2mXw90ZbLcR4tVnEaKdGhJyPsU1oI"
KEY = f"fmk_live_{BODY}{base62(zlib.crc32(BODY.encode()))}"
DIGEST = KEYS._digest(KEY)


def test_a_key_has_the_shape_that_scanners_look_for() -> None:
    key, key_id, digest = KEYS.mint()

    assert SHAPE.fullmatch(key)
    assert len(key) == 47
    assert key_id == key[9:17]
    assert len(digest) == 32


def test_the_last_six_digits_are_the_checksum_of_the_body() -> None:
    body, checksum = KEY[9:41], KEY[41:]

    assert checksum == base62(zlib.crc32(body.encode()))


def test_no_two_keys_are_alike() -> None:
    minted = [KEYS.mint() for _ in range(500)]

    assert len({key for key, _, _ in minted}) == len({digest for _, _, digest in minted}) == 500


def test_every_digit_of_the_alphabet_comes_up() -> None:
    assert set("".join(KEYS.mint()[0][9:41] for _ in range(200))) == set(ALPHABET)


def test_a_key_is_recognised_by_its_id_and_its_digest() -> None:
    assert KEYS.key_id(KEY) == BODY[:8]
    assert KEYS.matches(KEY, DIGEST)


@given(st.integers(9, 46), st.sampled_from(ALPHABET))
def test_one_wrong_digit_is_noticed_without_asking_anybody(place: int, digit: str) -> None:
    mistyped = KEY[:place] + digit + KEY[place + 1 :]

    assert (KEYS.key_id(mistyped) is None) == (mistyped != KEY)


@given(st.integers(9, 45))
def test_two_digits_that_changed_places_are_noticed(place: int) -> None:
    swapped = KEY[:place] + KEY[place + 1] + KEY[place] + KEY[place + 2 :]

    assert (KEYS.key_id(swapped) is None) == (swapped != KEY)


@pytest.mark.parametrize(
    "key",
    [
        *("", "fmk_live_", KEY[:-1], f"{KEY}0", f" {KEY}", f"{KEY}\n", f"{KEY} ", KEY.upper(), KEY.lower()),
        *(KEY.replace("live", "test"), KEY.replace("fmk", "sk"), KEY[9:], f"{KEY}\x00", KEY.replace("_", "-")),
        *("fmk_live_" + "\u0660" * 38, "fmk_live_" + "\uff21" * 38, "fmk_live_" + "-" * 38, "x" * 10_000),
    ],
)
def test_what_is_no_key_has_no_id(key: str) -> None:
    assert KEYS.key_id(key) is None


@given(st.text(max_size=60))
def test_any_text_is_read_without_trouble(text: str) -> None:
    assert KEYS.key_id(text) is None
    assert not KEYS.matches(text, DIGEST)


def test_the_digest_is_keyed_by_the_secret() -> None:
    other = HmacApiKeys(SECRET[::-1])

    assert not other.matches(KEY, DIGEST)
    assert DIGEST not in {
        hashlib.sha256(KEY.encode()).digest(),
        hmac.digest(b"", KEY.encode(), "sha256"),
        hmac.digest(SECRET.encode(), KEY.encode(), "sha256"),
    }


def test_another_process_with_the_same_secret_knows_the_key() -> None:
    assert HmacApiKeys(SECRET).matches(KEY, DIGEST)


@pytest.mark.parametrize("digest", [b"", bytes(31), bytes(32), DIGEST[:-1], DIGEST + b"\x00", DIGEST[::-1]])
def test_no_other_digest_matches(digest: bytes) -> None:
    assert not KEYS.matches(KEY, digest)


def test_digests_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr("adapters.security.api_keys.hmac.compare_digest", compare)

    assert KEYS.matches(KEY, DIGEST)
    assert compared == [(DIGEST, DIGEST)]


class CountingKeys(ApiKeys):
    """Notes what it is asked, and lets the real thing answer."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def mint(self) -> tuple[str, str, bytes]:
        raise NotImplementedError

    def key_id(self, key: str) -> str | None:
        self.asked.append("key_id")
        return KEYS.key_id(key)

    def matches(self, key: str, digest: bytes) -> bool:
        self.asked.append(f"matches {len(digest)}")
        return KEYS.matches(key, digest)


class OneKey(ApiKeyRepository):
    """Knows one key, and notes how often it is asked."""

    def __init__(self, stored: StoredApiKey) -> None:
        self.stored = stored
        self.asked: list[str] = []

    async def find(self, key_id: str) -> StoredApiKey | None:
        self.asked.append(key_id)
        return self.stored if key_id == self.stored.key_id else None


def stored(*, revoked: bool = False) -> StoredApiKey:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    return StoredApiKey(
        tenant_id=TenantId(UUID(int=1)),
        id=ApiKeyId(UUID(int=2)),
        principal_id=PrincipalId(UUID(int=3)),
        key_id=BODY[:8],
        digest=DIGEST,
        name="first key",
        created_at=now,
        revoked_at=now if revoked else None,
    )


async def test_a_known_key_tells_who_calls() -> None:
    caller = await AuthenticateHandler(KEYS, OneKey(stored()))(KEY)

    assert (caller.tenant_id, caller.api_key_id, caller.principal_id) == (UUID(int=1), UUID(int=2), UUID(int=3))


def with_the_id_of(key: str) -> str:
    """Make another key that begins alike: what somebody tries who knows the id that is shown."""
    body = key[9:17] + "0" * 24
    return f"fmk_live_{body}{base62(zlib.crc32(body.encode()))}"


async def test_unknown_wrong_and_revoked_keys_take_the_same_way_and_are_told_the_same() -> None:
    told: set[tuple[str, str]] = set()
    ways: set[tuple[str, ...]] = set()
    for key, row in ((KEYS.mint()[0], stored()), (with_the_id_of(KEY), stored()), (KEY, stored(revoked=True))):
        keys, repository = CountingKeys(), OneKey(row)
        with pytest.raises(MediatorError) as refused:
            await AuthenticateHandler(keys, repository)(key)
        assert refused.value.entry is AUTH_INVALID
        assert len(repository.asked) == 1
        told.add((refused.value.entry.code, refused.value.detail))
        ways.add(tuple(keys.asked))

    assert len(told) == 1
    assert ways == {("key_id", "matches 32")}


async def test_a_mistyped_key_is_refused_without_asking_the_store() -> None:
    repository = OneKey(stored())

    with pytest.raises(MediatorError):
        await AuthenticateHandler(KEYS, repository)(KEY[:-1] + ("a" if KEY[-1] != "a" else "b"))

    assert repository.asked == []


def test_nobody_has_a_digest_of_the_length_of_a_real_one() -> None:
    assert len(NOBODY) == len(DIGEST)
    assert not KEYS.matches(KEY, NOBODY)


@pytest.mark.parametrize("secret", ["", "x", "\u00e9" * 40, "x" * 10_000])
def test_any_secret_makes_keys(secret: str) -> None:
    keys = HmacApiKeys(secret)
    key, _, digest = keys.mint()

    assert keys.matches(key, digest)


def test_showing_the_keeper_of_keys_shows_no_secret() -> None:
    assert SECRET not in repr(KEYS)
    assert SECRET not in str(vars(KEYS))


def test_a_key_of_the_secret_before_still_matches_and_one_of_another_does_not() -> None:
    key, _, digest = HmacApiKeys("the secret of yesterday").mint()

    assert HmacApiKeys(SECRET, previous=("the secret of yesterday",)).matches(key, digest)
    assert not HmacApiKeys(SECRET, previous=("the secret of the day before",)).matches(key, digest)
    assert not HmacApiKeys(SECRET, previous=("the secret of yesterday",)).matches(KEY, digest)
