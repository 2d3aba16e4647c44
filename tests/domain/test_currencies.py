"""The table of currencies against ISO 4217 list one, as its maintenance agency publishes it."""

from pathlib import Path
from xml.etree import ElementTree as ET

from domain.currencies import EXPONENTS

LIST_ONE = Path(__file__).parents[1] / "data" / "iso4217.xml"


def published() -> dict[str, int]:
    """Read code and exponent of each currency in the list; those without minor units have no number there."""
    entries = ET.parse(LIST_ONE).getroot().iter("CcyNtry")  # noqa: S314 -- our own file
    units = {entry.findtext("Ccy"): entry.findtext("CcyMnrUnts", "") for entry in entries}
    return {code: int(digits) for code, digits in units.items() if code and digits.isdigit()}


def test_the_list_is_whole() -> None:
    assert len(published()) > 150


def test_every_currency_of_list_one_has_its_published_exponent_and_there_is_no_other() -> None:
    assert published() == EXPONENTS
