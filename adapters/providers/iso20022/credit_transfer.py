"""Payouts as ISO 20022 pain.001 (CustomerCreditTransferInitiation), versions .03 and .09: one file, one transfer.

The same id, made from our operation's key, is the file's MsgId, its block's PmtInfId and the transfer's EndToEndId:
the bank takes a MsgId once, and the EndToEndId is the one id that survives until the statement. The same instruction
always gives the same bytes.
"""

import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, tzinfo

from adapters.providerkit.amounts import to_wire
from adapters.providerkit.messages import CannotBuildError
from adapters.providers.iso20022.characters import named, told
from adapters.providers.iso20022.config import Iso20022Config, Version
from domain.manifests import CurrencyRule
from domain.providers import Instruction, Payee

TEXT_MAX = 140
NOT_PROVIDED = "NOTPROVIDED"
"""What the schemes have for a reference that there is none of."""

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Za-z0-9]{1,30}", re.ASCII)
_ACCOUNT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 /.-]{0,32}[A-Za-z0-9])?", re.ASCII)
_BANK_CODE = re.compile(r"[A-Za-z0-9]{1,35}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_BIC = {
    Version.V3: ("BIC", re.compile(r"[A-Z]{6}[A-Z2-9][A-NP-Z0-9](?:[A-Z0-9]{3})?", re.ASCII)),
    Version.V9: ("BICFI", re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII)),
}
"""The element of a bank's BIC, and what its schema takes there."""


def write_credit_transfer(
    config: Iso20022Config, rule: CurrencyRule, instruction: Instruction, reference: str, *, zone: tzinfo
) -> bytes:
    """Write the file. Raises CannotBuildError for what the schema, or the agreement with the bank, does not take."""
    if instruction.payee is None or instruction.created_at is None:
        raise CannotBuildError("a transfer needs its payee and the moment when it was decided")
    amount = str(to_wire(rule, instruction.amount))
    document = ET.Element("Document", xmlns=f"urn:iso:std:iso:20022:tech:xsd:{config.version.value}")
    message = _in(document, "CstmrCdtTrfInitn")
    _header(_in(message, "GrpHdr"), config, reference, amount, instruction.created_at)
    block = _in(message, "PmtInf")
    _block(block, config, reference, amount, instruction.created_at.astimezone(zone))
    _transfer(_in(block, "CdtTrfTxInf"), config, instruction, instruction.payee, reference=reference, amount=amount)
    ET.indent(document)
    written: bytes = ET.tostring(document, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + written + b"\n"


def _header(node: ET.Element, config: Iso20022Config, reference: str, amount: str, at: datetime) -> None:
    _text(node, "MsgId", reference)
    _text(node, "CreDtTm", at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    _text(node, "NbOfTxs", "1")
    _text(node, "CtrlSum", amount)
    _text(_in(node, "InitgPty"), "Nm", _debtor(config))


def _block(node: ET.Element, config: Iso20022Config, reference: str, amount: str, at: datetime) -> None:
    _text(node, "PmtInfId", reference)
    _text(node, "PmtMtd", "TRF")
    _text(node, "NbOfTxs", "1")
    _text(node, "CtrlSum", amount)
    if config.service_level is not None:
        _text(_in(_in(node, "PmtTpInf"), "SvcLvl"), "Cd", config.service_level.value)
    day = at.date().isoformat()
    if config.version is Version.V3:
        _text(node, "ReqdExctnDt", day)
    else:
        _text(_in(node, "ReqdExctnDt"), "Dt", day)
    _text(_in(node, "Dbtr"), "Nm", _debtor(config))
    _account(_in(node, "DbtrAcct"), iban=config.debtor_iban, number=config.debtor_account)
    _bank(_in(_in(node, "DbtrAgt"), "FinInstnId"), config, bic=config.debtor_bic, code=None)
    _text(node, "ChrgBr", config.charge_bearer.value)


def _transfer(
    node: ET.Element, config: Iso20022Config, instruction: Instruction, payee: Payee, *, reference: str, amount: str
) -> None:
    _text(_in(node, "PmtId"), "EndToEndId", reference)
    _text(_in(node, "Amt"), "InstdAmt", amount).set("Ccy", instruction.amount.currency)
    if payee.bic is not None or payee.bank_code is not None:
        _bank(_in(_in(node, "CdtrAgt"), "FinInstnId"), config, bic=payee.bic, code=payee.bank_code)
    _creditor(_in(node, "Cdtr"), config, payee)
    if config.service_level is not None and config.service_level.value == "SEPA" and payee.iban is None:
        raise CannotBuildError("a SEPA transfer needs the payee's IBAN")
    _account(_in(node, "CdtrAcct"), iban=payee.iban, number=payee.account_number)
    text = instruction.description or instruction.reference or ""
    remittance = told(text, characters=config.character_set, length_max=TEXT_MAX)
    if remittance:
        _text(_in(node, "RmtInf"), "Ustrd", remittance)


def _creditor(node: ET.Element, config: Iso20022Config, payee: Payee) -> None:
    _text(node, "Nm", named(payee.name, characters=config.character_set, length_max=config.name_length_max))
    _text(_in(node, "PstlAdr"), "Ctry", _fitting(_COUNTRY, payee.country, "country"))


def _account(node: ET.Element, *, iban: str | None, number: str | None) -> None:
    identification = _in(node, "Id")
    if iban is not None:
        _text(identification, "IBAN", _fitting(_IBAN, iban, "IBAN"))
    elif number is not None:
        _text(_in(identification, "Othr"), "Id", _fitting(_ACCOUNT, number, "account number"))
    else:
        raise CannotBuildError("a transfer needs the payee's IBAN or account number")


def _bank(node: ET.Element, config: Iso20022Config, *, bic: str | None, code: str | None) -> None:
    """Name a bank by its BIC and its code in its country's clearing; by neither, in words that say so."""
    tag, pattern = _BIC[config.version]
    if bic is not None:
        _text(node, tag, _fitting(pattern, bic, "BIC"))
    if code is not None:
        _text(_in(node, "ClrSysMmbId"), "MmbId", _fitting(_BANK_CODE, code, "bank code"))
    if bic is None and code is None:
        _text(_in(node, "Othr"), "Id", NOT_PROVIDED)


def _debtor(config: Iso20022Config) -> str:
    return named(config.debtor_name, characters=config.character_set, length_max=config.name_length_max)


def _fitting(pattern: re.Pattern[str], value: str, what: str) -> str:
    """Give a value that the schema takes. Raises CannotBuildError, which never repeats a person's account."""
    if pattern.fullmatch(value) is None:
        raise CannotBuildError(f"the {what} is not one that a bank file can carry")
    return value


def _in(node: ET.Element, tag: str) -> ET.Element:
    return ET.SubElement(node, tag)


def _text(node: ET.Element, tag: str, text: str) -> ET.Element:
    child = ET.SubElement(node, tag)
    child.text = text
    return child
