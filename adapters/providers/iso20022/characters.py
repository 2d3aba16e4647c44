"""Texts as banks take them: transliterated to the character set of SEPA (EPC217-08), cut to their field."""

import re
import unicodedata
from enum import StrEnum

from adapters.providerkit.messages import CannotBuildError

_WITHOUT_PARTS = str.maketrans(
    {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "TH"}
    | dict(zip("øØđĐðÐłŁħĦ", "oOdDdDlLhH", strict=True))
    | dict.fromkeys('\u2018\u2019\u201c\u201d"`', "'")
    | dict.fromkeys("\u2013\u2014_", "-")
    | {"\u0131": "i", "&": "+", "@": "(at)"}
)
"""Letters that Unicode does not take apart into a Latin letter with marks, and signs that have a near relative."""

_OUTSIDE = re.compile(r"[^A-Za-z0-9/?:().,'+ -]", re.ASCII)
_OUTSIDE_XML = re.compile("[^ -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MEANS_SOMETHING = re.compile(r"\w")


class CharacterSet(StrEnum):
    """Which characters a bank takes in names and texts."""

    SEPA = "sepa"
    UNICODE = "unicode"


def told(text: str, *, characters: CharacterSet, length_max: int) -> str:
    """Give a text as the bank takes it: white space as single blanks, cut to its field; may be empty.

    In SEPA's set marks are taken off (`Müller` becomes `Muller`), and what has no Latin relative becomes a full stop.
    """
    if characters is CharacterSet.SEPA:
        plain = unicodedata.normalize("NFKD", text.translate(_WITHOUT_PARTS))
        text = "".join(one for one in plain if not unicodedata.combining(one))
        text = _OUTSIDE.sub(lambda found: " " if found[0].isspace() else ".", text)
    else:
        text = _OUTSIDE_XML.sub(" ", unicodedata.normalize("NFC", text))
    return " ".join(text.split())[:length_max].rstrip()


def named(name: str, *, characters: CharacterSet, length_max: int) -> str:
    """Give a name. Raises CannotBuildError when not a single letter or digit of it can be told."""
    written = told(name, characters=characters, length_max=length_max)
    if _MEANS_SOMETHING.search(written) is None:
        raise CannotBuildError(f"the name cannot be told in the characters of {characters.value}")
    return written
