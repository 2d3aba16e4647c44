"""A bank that writes statements: entries as camt.053 and camt.054, held to the schemas, and as MT940."""

from decimal import Decimal

from tests.adapters.providers.iso20022.examples import REFERENCE, schema

MESSAGES = {"camt.053": ("BkToCstmrStmt", "Stmt"), "camt.054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn")}
SIGN = {"CRDT": 1, "DBIT": -1}


def detail(
    *, ref: str | None = REFERENCE, own: str = "", instructed: str = "", returned: str = "", batch: str = ""
) -> str:
    """Write one `NtryDtls` with one transfer, or with none but the ids of its batch."""
    if batch:
        return f"<NtryDtls><Btch><PmtInfId>{batch}</PmtInfId></Btch></NtryDtls>"
    told = "".join(
        (
            f"<Refs><EndToEndId>{ref}</EndToEndId></Refs>" if ref else "",
            f'<Amt Ccy="EUR">{own}</Amt><CdtDbtInd>DBIT</CdtDbtInd>' if own else "",
            f'<AmtDtls><InstdAmt><Amt Ccy="EUR">{instructed}</Amt></InstdAmt></AmtDtls>' if instructed else "",
            f"<RtrInf><Rsn><Cd>{returned}</Cd></Rsn></RtrInf>" if returned else "",
        )
    )
    return f"<NtryDtls><TxDtls>{told}</TxDtls></NtryDtls>"


def entry(
    amount: str,
    side: str,
    *details: str,
    status: str = "BOOK",
    reversal: bool = False,
    code: str = "",
    currency: str = "EUR",
    message: str = "camt.053.001.08",
) -> str:
    said = status if message.endswith("02") else f"<Cd>{status}</Cd>"
    family = f"<Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>{code}</SubFmlyCd></Fmly></Domn>" if code else ""
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>'
        f"{'<RvslInd>true</RvslInd>' if reversal else ''}<Sts>{said}</Sts>"
        f"<BookgDt><Dt>2026-12-01</Dt></BookgDt><BkTxCd>{family}</BkTxCd>{''.join(details)}</Ntry>"
    )


def balance(code: str, amount: Decimal, *, currency: str = "EUR") -> str:
    side = "CRDT" if amount >= 0 else "DBIT"
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{abs(amount)}</Amt>'
        f"<CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>2026-12-01</Dt></Dt></Bal>"
    )


def report(
    *entries: str, opening: str = "1000.00", closing: str = "1000.00", message: str = "camt.053.001.08", page: str = ""
) -> bytes:
    """Write one statement, or one notification, and hold it to its schema where there is one."""
    outer, inner = MESSAGES[message[:8]]
    is_statement = message.startswith("camt.053")
    balances = balance("OPBD", Decimal(opening)) + balance("CLBD", Decimal(closing)) if is_statement else ""
    created = "<CreDtTm>2026-12-01T20:00:00</CreDtTm>"
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:{message}"><{outer}>'
        f"<GrpHdr><MsgId>M1</MsgId>{created}</GrpHdr><{inner}><Id>S1</Id>{page}{created}"
        f"<Acct><Id><IBAN>DE09028457998082047609</IBAN></Id></Acct>{balances}{''.join(entries)}</{inner}></{outer}></Document>"
    )
    schema(message).validate(text)
    return text.encode()


def swift(*lines: str, opening: str = "C261130EUR1000,00", closing: str = "C261201EUR1000,00") -> bytes:
    body = "\r\n".join(
        (":20:START", ":25:37040044/532013000", ":28C:1/1", f":60F:{opening}", *lines, f":62F:{closing}", "-")
    )
    return f"{body}\r\n".encode("cp850")
