"""Credit transfers as pain.001: valid against the schemas whatever is paid to whom, and the same bytes every time."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.providerkit.messages import CannotBuildError
from adapters.providers.iso20022.characters import CharacterSet
from adapters.providers.iso20022.config import ChargeBearer, ServiceLevel, Version
from domain.currencies import EXPONENTS
from domain.money import AMOUNT_MAX, Money, amount_of
from domain.providers import Instruction, Payee
from tests.adapters.providers.iso20022.examples import KEY, PAYEE, PAYOUT, REFERENCE, adapter, schema, texts

BLOCK = "CstmrCdtTrfInitn/PmtInf"
TRANSFER = f"{BLOCK}/CdtTrfTxInf"
ANYWHERE = {
    "service_level": ServiceLevel.ORDINARY,
    "charge_bearer": ChargeBearer.SHARED,
    "currencies": tuple(EXPONENTS),
}
VERSIONS = pytest.mark.parametrize("version", list(Version))


def paying(**changes: object) -> Instruction:
    return msgspec.structs.replace(PAYOUT, **changes)


@VERSIONS
def test_file_is_valid_and_is_named_as_its_transfer_everywhere(version: Version) -> None:
    file = adapter(version=version).build_payout(PAYOUT)

    schema(version.value).validate(file.content.decode())
    assert (file.name, file.provider_reference) == (f"{REFERENCE}.xml", REFERENCE)
    assert texts(file.content, "CstmrCdtTrfInitn/GrpHdr/MsgId") == [REFERENCE]
    assert texts(file.content, f"{BLOCK}/PmtInfId") == [REFERENCE]
    assert texts(file.content, f"{TRANSFER}/PmtId/EndToEndId") == [REFERENCE]
    assert len(REFERENCE) == 35


@VERSIONS
def test_file_says_its_sums_once_for_the_whole_and_once_for_its_block(version: Version) -> None:
    raw = adapter(version=version).build_payout(PAYOUT).content

    for level in ("CstmrCdtTrfInitn/GrpHdr", BLOCK):
        assert texts(raw, f"{level}/NbOfTxs") == ["1"]
        assert texts(raw, f"{level}/CtrlSum") == ["1234.56"]
    assert texts(raw, f"{TRANSFER}/Amt/InstdAmt") == ["1234.56"]


def test_versions_differ_where_their_schemas_do() -> None:
    old = adapter(version=Version.V3).build_payout(PAYOUT).content
    new = adapter(version=Version.V9).build_payout(PAYOUT).content

    assert texts(old, f"{TRANSFER}/CdtrAgt/FinInstnId/BIC") == ["COBADEFFXXX"]
    assert texts(new, f"{TRANSFER}/CdtrAgt/FinInstnId/BICFI") == ["COBADEFFXXX"]
    assert texts(old, f"{BLOCK}/ReqdExctnDt") == ["2026-11-30"]
    assert texts(new, f"{BLOCK}/ReqdExctnDt/Dt") == ["2026-11-30"]


def test_day_of_execution_is_the_day_at_the_bank() -> None:
    raw = adapter(time_zone="Europe/Berlin").build_payout(PAYOUT).content

    assert texts(raw, f"{BLOCK}/ReqdExctnDt/Dt") == ["2026-12-01"]
    assert texts(raw, "CstmrCdtTrfInitn/GrpHdr/CreDtTm") == ["2026-11-30T23:30:00Z"]


def test_names_are_told_in_the_characters_of_sepa() -> None:
    raw = adapter().build_payout(PAYOUT).content

    assert texts(raw, f"{TRANSFER}/Cdtr/Nm") == ["Anna Muller"]
    assert texts(raw, f"{BLOCK}/Dbtr/Nm") == ["Mussterfirma + Sohne GmbH"]


def test_names_are_told_in_full_where_the_bank_takes_all_of_unicode() -> None:
    raw = adapter(character_set=CharacterSet.UNICODE).build_payout(PAYOUT).content

    assert texts(raw, f"{TRANSFER}/Cdtr/Nm") == ["Anna Müller"]


def test_account_that_is_no_iban_goes_with_the_code_of_its_bank() -> None:
    payee = Payee(name="Sita Rai", country="NP", account_number="0123456789", bank_code="NIC-ASIA".replace("-", ""))
    there = adapter(**ANYWHERE)

    raw = there.build_payout(paying(payee=payee, amount=amount_of(1_000, "NPR"))).content

    schema(Version.V9.value).validate(raw.decode())
    assert texts(raw, f"{TRANSFER}/CdtrAcct/Id/Othr/Id") == ["0123456789"]
    assert texts(raw, f"{TRANSFER}/CdtrAgt/FinInstnId/ClrSysMmbId/MmbId") == ["NICASIA"]


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "op_1"},
        {"key": KEY.upper()},
        {"payee": None},
        {"created_at": None},
        {"amount": amount_of(1, "USD")},
        {"amount": amount_of(100_000_000_000, "EUR")},
        {"payee": msgspec.structs.replace(PAYEE, name="नेपाल")},
        {"payee": msgspec.structs.replace(PAYEE, name=" \t")},
        {"payee": msgspec.structs.replace(PAYEE, iban=None)},
        {"payee": msgspec.structs.replace(PAYEE, iban=None, account_number="123")},
        {"payee": msgspec.structs.replace(PAYEE, iban="DE89 3704 0044 0532 0130 00")},
        {"payee": msgspec.structs.replace(PAYEE, bic="cobadeff")},
        {"payee": msgspec.structs.replace(PAYEE, country="Germany")},
    ],
)
def test_what_a_bank_would_not_take_is_not_written(changes: dict[str, object]) -> None:
    with pytest.raises(CannotBuildError) as refusal:
        adapter().build_payout(paying(**changes))

    assert "DE89" not in refusal.value.reason


TEXTS = st.text(max_size=300)
"""Whatever a caller may have put into a name or a description."""

ORDERS = st.builds(
    paying,
    payee=st.builds(
        Payee,
        name=TEXTS,
        country=st.sampled_from(["DE", "NP", "US"]),
        iban=st.just("DE89370400440532013000"),
        bic=st.sampled_from([None, "COBADEFF", "COBADEFFXXX"]),
        bank_code=st.sampled_from([None, "37040044"]),
    ),
    amount=st.builds(Money, st.integers(1, AMOUNT_MAX), st.sampled_from(sorted(EXPONENTS))),
    description=st.none() | TEXTS,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    order=ORDERS,
    version=st.sampled_from(list(Version)),
    characters=st.sampled_from(list(CharacterSet)),
    name_length_max=st.sampled_from([70, 140]),
)
def test_every_file_that_is_written_is_valid(
    order: Instruction, version: Version, characters: CharacterSet, name_length_max: int
) -> None:
    there = adapter(version=version, character_set=characters, name_length_max=name_length_max, **ANYWHERE)
    try:
        raw = there.build_payout(order).content
    except CannotBuildError as refusal:
        assert "name" in refusal.reason  # noqa: PT017 -- the one thing here that may not be tellable
        return

    schema(version.value).validate(raw.decode())
    (told,) = texts(raw, f"{TRANSFER}/Amt/InstdAmt")
    assert f"{told} {order.amount.currency}" == str(order.amount)
    assert 1 <= len(texts(raw, f"{TRANSFER}/Cdtr/Nm")[0]) <= name_length_max
    assert raw == there.build_payout(order).content
    assert raw.isascii() or characters is CharacterSet.UNICODE
