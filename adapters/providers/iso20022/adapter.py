"""One account at a bank as the kernel knows it: transfers go out as files, and what became of them comes in files."""

from collections.abc import Mapping
from datetime import UTC

import msgspec

from adapters.providerkit.adapter import CallsBack, PaysOut
from adapters.providerkit.messages import CannotBuildError, FileDrop, HttpResponse
from adapters.providerkit.places import Place, SftpLogin, SpokenToByFiles
from adapters.providers.iso20022.config import Iso20022Config, Iso20022Credentials, ServiceLevel, zone_of
from adapters.providers.iso20022.manifest import MANIFEST, SEPA_MAXIMUM_MINOR, currency_rule
from adapters.providers.iso20022.references import find_reference
from domain.manifests import CurrencyRule, ProviderManifest
from domain.providers import CallbackEvent, Instruction, Outcome, Unknown, Unreadable


class Iso20022Adapter(PaysOut, CallsBack, SpokenToByFiles):
    """Writes pain.001; reads pain.002, camt.053, camt.054 and MT940."""

    def __init__(self, config: Iso20022Config, credentials: Iso20022Credentials) -> None:
        """Keep the settings of one account."""
        self._config = config
        self._credentials = credentials
        self._manifest = msgspec.structs.replace(
            MANIFEST,
            currencies=tuple(self._rule(currency) for currency in config.currencies),
            deadline_seconds=config.deadline_seconds,
            time_zone=config.time_zone,
        )

    @property
    def manifest(self) -> ProviderManifest:
        """What this account can do."""
        return self._manifest

    @property
    def place(self) -> Place:
        """Where the files of this account are exchanged."""
        return self._config.folder

    @property
    def login(self) -> SftpLogin:
        """How to get there."""
        return SftpLogin(
            private_key=self._credentials.sftp_private_key,
            passphrase=self._credentials.sftp_private_key_passphrase,
            password=self._credentials.sftp_password,
        )

    def build_payout(self, instruction: Instruction) -> FileDrop:
        """Write the payout as a file. Raises CannotBuildError."""
        # Imported by the first file: XML is of no use to a process that moves money without a bank.
        from adapters.providers.iso20022.credit_transfer import write_credit_transfer  # noqa: PLC0415 -- see above

        reference = find_reference(instruction.key)
        rule = self._manifest.rule_for(instruction.amount.currency)
        if reference is None or rule is None:
            raise CannotBuildError("the key or the currency is not one that this account takes")
        content = write_credit_transfer(
            self._config, rule, instruction, reference, zone=zone_of(self._config.time_zone) or UTC
        )
        return FileDrop(name=f"{reference}.xml", content=content, provider_reference=reference)

    def parse_payout(self, instruction: Instruction, response: HttpResponse) -> Outcome:  # noqa: ARG002 -- see below
        """Say that nobody answers: a bank that takes files has no HTTP."""
        return Unknown("an answer by HTTP, which this bank does not give")

    def verify_callback(
        self, raw: bytes, headers: Mapping[str, str], *, secrets: tuple[str, ...], now_seconds: float
    ) -> None:
        """Let every file pass: that it lay in the folder which only the bank can write to is what proves it."""

    def parse_callback(self, raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
        """Read a status report or a statement."""
        from adapters.providers.iso20022.files import read_file  # noqa: PLC0415 -- as in `build_payout`

        return read_file(self._config, raw)

    def _rule(self, currency: str) -> CurrencyRule:
        if self._config.service_level is ServiceLevel.SEPA:
            return currency_rule(currency, maximum_minor=SEPA_MAXIMUM_MINOR)
        return currency_rule(currency)
