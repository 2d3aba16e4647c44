"""The settings of one account at a bank, and of the folder where its files are exchanged."""

from datetime import UTC, tzinfo
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from adapters.providerkit.places import Place
from adapters.providers.iso20022.characters import CharacterSet
from domain.currencies import EXPONENTS

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=140)]
Iban = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\Z")]
Bic = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{6}[A-Z2-9][A-NP-Z0-9]([A-Z0-9]{3})?\Z")]
Account = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9 /.-]{0,33}\Z")]
CurrencyCode = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{3}\Z")]


class Version(StrEnum):
    """The message that the bank takes credit transfers in."""

    V3 = "pain.001.001.03"
    V9 = "pain.001.001.09"


class ServiceLevel(StrEnum):
    """The agreement under which a transfer is made: a SEPA transfer, an urgent or an ordinary one."""

    SEPA = "SEPA"
    URGENT = "URGP"
    ORDINARY = "NURG"


class ChargeBearer(StrEnum):
    """Who bears the charges: as the service level says, shared, the debtor, the creditor."""

    SERVICE_LEVEL = "SLEV"
    SHARED = "SHAR"
    DEBTOR = "DEBT"
    CREDITOR = "CRED"


class CompletedBy(StrEnum):
    """What completes a payout: the booking on our account, or already the bank's report that it has settled."""

    STATEMENT = "statement"
    STATUS_REPORT = "status_report"


class Encoding(StrEnum):
    """How an MT940 file that is not UTF-8 is to be read."""

    CP850 = "cp850"
    CP852 = "cp852"
    LATIN_1 = "iso8859-1"
    LATIN_9 = "iso8859-15"


class Iso20022Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account at one bank.

    The debtor has a `debtor_iban` or, where there is none, a `debtor_account`. `time_zone` (IANA) is the bank's: it
    decides on which day a transfer is to be executed. Raises ValueError for settings that cannot work together.
    """

    folder: Place
    debtor_name: Name
    debtor_iban: Iban | None = None
    debtor_account: Account | None = None
    debtor_bic: Bic | None = None
    version: Version = Version.V9
    service_level: ServiceLevel | None = ServiceLevel.SEPA
    charge_bearer: ChargeBearer = ChargeBearer.SERVICE_LEVEL
    currencies: tuple[CurrencyCode, ...] = ("EUR",)
    character_set: CharacterSet = CharacterSet.SEPA
    name_length_max: Annotated[int, msgspec.Meta(ge=20, le=140)] = 70
    completed_by: CompletedBy = CompletedBy.STATEMENT
    statement_encoding: Encoding = Encoding.CP852
    time_zone: str = "UTC"
    deadline_seconds: Annotated[float, msgspec.Meta(gt=0, le=300)] = 30.0

    def __post_init__(self) -> None:
        for fault in (self._account_fault(), self._scheme_fault(), self._time_fault()):
            if fault is not None:
                raise ValueError(fault)

    def _account_fault(self) -> str | None:
        if (self.debtor_iban is None) == (self.debtor_account is None):
            return "exactly one of debtor_iban and debtor_account is needed"
        if self.debtor_iban is not None and not has_check_digits(self.debtor_iban):
            return "debtor_iban has wrong check digits"
        return None

    def _scheme_fault(self) -> str | None:
        unknown = [currency for currency in self.currencies if currency not in EXPONENTS]
        if unknown or not self.currencies:
            return f"currencies must be current ISO 4217 codes, not {', '.join(unknown) or 'none'}"
        if self.service_level is not ServiceLevel.SEPA:
            return None
        if self.currencies != ("EUR",) or self.debtor_iban is None:
            return "SEPA transfers are in EUR, from an account with an IBAN"
        return None if self.charge_bearer is ChargeBearer.SERVICE_LEVEL else "SEPA transfers have charge_bearer SLEV"

    def _time_fault(self) -> str | None:
        if zone_of(self.time_zone) is None:
            return f"{self.time_zone!r} is no IANA time zone"
        return None if self.deadline_seconds > 0 else "deadline_seconds must be more than 0"


class Iso20022Credentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How we log in at an SFTP server: by a private key (OpenSSH or PEM), by a password, or with neither if local."""

    sftp_private_key: str | None = None
    sftp_private_key_passphrase: str | None = None
    sftp_password: str | None = None

    def __repr__(self) -> str:
        return "Iso20022Credentials(***)"


def zone_of(name: str) -> tzinfo | None:
    """Give a time zone; None where there is none of that name. UTC needs no data of time zones."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def has_check_digits(iban: str) -> bool:
    """Whether the check digits of an IBAN are right (ISO 7064, MOD 97-10)."""
    return int("".join(str(int(one, 36)) for one in iban[4:] + iban[:4])) % 97 == 1
