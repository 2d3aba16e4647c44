"""The bank file channel in examples, for the conformance kit: one transfer, and everything that a bank says of it.

The forms are those of the published messages (pain.002.001.03, camt.053.001.08, camt.054.001.08, MT940); the names and
accounts are made up. Nothing answers by HTTP, so there are no answers and no look-ups.
"""

from datetime import UTC, datetime

from adapters.providerkit.examples import ExampleCallback, Examples
from adapters.providerkit.places import SftpPlace
from adapters.providers.iso20022.config import Iso20022Config, Iso20022Credentials
from domain.money import Currency, Money
from domain.providers import (
    AcceptedPending,
    CallbackEvent,
    Comeback,
    Decline,
    Finding,
    Instruction,
    OperationKind,
    Payee,
    Rejected,
    Succeeded,
)

_AMOUNT = Money(123_456, Currency("EUR"))
_KEY = "opn_0198c5a2b3c47d1e8f00112233445566"
_REFERENCE = "opn0198c5a2b3c47d1e8f00112233445566"
_IBAN = "DE09028457998082047609"
_XSD = "urn:iso:std:iso:20022:tech:xsd"
_HEAD = "<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-12-01T20:00:00</CreDtTm></GrpHdr>"


def examples() -> Examples:
    """Show the channel: a payout, and the files that refuse it, complete it and bring it back."""
    payout = Instruction(
        kind=OperationKind.PAYOUT,
        key=_KEY,
        amount=_AMOUNT,
        payment_id="pyo_1",
        account="pac_1",
        payee=Payee(name="Anna Müller", country="DE", iban="DE89370400440532013000", bic="COBADEFFXXX"),
        reference="INV-7",
        description="Invoice 7",
        created_at=datetime(2026, 11, 30, 23, 30, tzinfo=UTC),
    )
    place = SftpPlace(host="files.bank.example", username="shop", host_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5")
    returned = Rejected("AC04", Decline.HARD, "Account closed", _REFERENCE, Comeback.RETURNED)
    return Examples(
        config=Iso20022Config(folder=place, debtor_name="Shop & Söhne GmbH", debtor_iban=_IBAN),
        credentials=Iso20022Credentials(
            sftp_private_key="example_private_key",
            sftp_private_key_passphrase="example_passphrase",  # noqa: S106 -- made up
            sftp_password="example_password",  # noqa: S106 -- made up
        ),
        instructions=(payout,),
        callbacks=(
            _file(_status_report("ACSP"), _of("pending", AcceptedPending(_REFERENCE))),
            _file(
                _status_report("RJCT", "<StsRsnInf><Rsn><Cd>AC01</Cd></Rsn></StsRsnInf>"),
                _of("rejected", Rejected("AC01", Decline.INVALID, "The bank refused it with AC01.", _REFERENCE)),
            ),
            _file(_statement("DBIT"), _of("booked", Succeeded(_REFERENCE, _AMOUNT)), _PROVED),
            _file(_statement("CRDT", _RETURNED), _of("returned", returned), _PROVED),
            _file(_notification(), _of("booked", Succeeded(_REFERENCE, _AMOUNT)), _UNPROVED),
            _file(_SWIFT, _of("booked", Succeeded(_REFERENCE, _AMOUNT)), _PROVED),
        ),
    )


_PROVED = CallbackEvent(event_id="", kind="statement.proved")
_UNPROVED = CallbackEvent(event_id="", kind="statement.unproved")
_RETURNED = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf><AddtlTxInf>Account closed</AddtlTxInf>"


def _of(word: str, finding: Finding) -> CallbackEvent:
    return CallbackEvent(
        event_id="",
        kind=f"payout.{word}",
        operation_key=_KEY,
        provider_reference=_REFERENCE,
        operation_kind=OperationKind.PAYOUT,
        finding=finding,
    )


def _file(text: str, *means: CallbackEvent) -> ExampleCallback:
    return ExampleCallback(raw=text.encode(), now_seconds=1_780_000_000, secret=None, means=means)


def _status_report(status: str, reason: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{_XSD}:pain.002.001.03"><CstmrPmtStsRpt>{_HEAD}'
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{_REFERENCE}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>"
        f"<GrpSts>PART</GrpSts></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>{_REFERENCE}</OrgnlPmtInfId>"
        f"<TxInfAndSts><OrgnlEndToEndId>{_REFERENCE}</OrgnlEndToEndId><TxSts>{status}</TxSts>{reason}</TxInfAndSts>"
        "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    )


def _statement(side: str, more: str = "") -> str:
    """Write a statement with one line: the transfer going out, or its return coming in."""
    closing = "8765.44" if side == "DBIT" else "11234.56"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{_XSD}:camt.053.001.08"><BkToCstmrStmt>{_HEAD}<Stmt>'
        f"<Id>S1</Id><Acct><Id><IBAN>{_IBAN}</IBAN></Id></Acct>"
        f"{_balance('OPBD', '10000.00')}{_balance('CLBD', closing)}{_entry(side, more)}"
        "</Stmt></BkToCstmrStmt></Document>"
    )


def _notification() -> str:
    """Write a notification of the transfer going out: it has no balances that could prove it whole."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{_XSD}:camt.054.001.08"><BkToCstmrDbtCdtNtfctn>{_HEAD}'
        f"<Ntfctn><Id>N1</Id><Acct><Id><IBAN>{_IBAN}</IBAN></Id></Acct>{_entry('DBIT')}</Ntfctn>"
        "</BkToCstmrDbtCdtNtfctn></Document>"
    )


def _entry(side: str, more: str = "") -> str:
    return (
        f'<Ntry><Amt Ccy="EUR">1234.56</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><Dt>2026-12-01</Dt></BookgDt><BkTxCd/><NtryDtls><TxDtls><Refs><EndToEndId>{_REFERENCE}</EndToEndId>"
        f"</Refs>{more}</TxDtls></NtryDtls></Ntry>"
    )


def _balance(code: str, amount: str) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{amount}</Amt>'
        "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-12-01</Dt></Dt></Bal>"
    )


_SWIFT = "\r\n".join(
    (
        ":20:START",
        ":25:37040044/532013000",
        ":28C:1/1",
        ":60F:C261130EUR10000,00",
        ":61:2612011201DR1234,56NTRFNONREF",
        f":86:177?00TRANSFER?20EREF+{_REFERENCE}",
        ":62F:C261201EUR8765,44",
        "-",
        "",
    )
)
