"""Pages of a PDF: text of two fonts at given places, and the document that binds them.

The fonts are of the fourteen that every reader has (ISO 32000-1 §9.6.2.2), so none is embedded; they know the letters
of Windows-1252, and any other is shown as a question mark.
"""

import io
from collections.abc import Iterable

import pydyf

WIDTH, HEIGHT = 842.0, 595.0
"""A4, lying, in points."""
MARGIN = 36.0
FIXED, PLAIN, BOLD = "Fixed", "Plain", "Bold"
FONTS = {FIXED: "Courier", PLAIN: "Helvetica", BOLD: "Helvetica-Bold"}
FIXED_WIDTH = 0.6
"""Every letter of Courier is that wide, in sizes of the font."""


class Page:
    """One page, written from its upper left corner; `y` is measured in points from the top."""

    def __init__(self) -> None:
        """Begin an empty page."""
        self.stream = pydyf.Stream(compress=True)

    def text(self, x: float, y: float, text: str, *, font: str = FIXED, size: float) -> None:
        """Write one line."""
        self.stream.begin_text()
        self.stream.set_font_size(font, size)
        self.stream.move_text_to(x, HEIGHT - y)
        self.stream.show_text_string(text.encode("cp1252", errors="replace"))
        self.stream.end_text()

    def rule(self, y: float) -> None:
        """Draw a thin line from margin to margin."""
        self.stream.set_line_width(0.5)
        self.stream.move_to(MARGIN, HEIGHT - y)
        self.stream.line_to(WIDTH - MARGIN, HEIGHT - y)
        self.stream.stroke()


def bind(pages: Iterable[Page], *, title: str, created: str) -> bytes:
    """Make a document of pages; `created` is a PDF date (`D:20261123120000Z`). The same pages give the same bytes."""
    document = pydyf.PDF()
    document.info["Title"] = pydyf.String(title)
    document.info["Producer"] = pydyf.String("FinancialMediator")
    document.info["CreationDate"] = pydyf.String(created)
    fonts = pydyf.Dictionary({name: _font(document, face) for name, face in FONTS.items()})
    resources = pydyf.Dictionary({"Font": fonts})
    for page in pages:
        document.add_object(page.stream)
        document.add_page(
            pydyf.Dictionary(
                {
                    "Type": "/Page",
                    "Parent": document.pages.reference,
                    "MediaBox": pydyf.Array([0, 0, WIDTH, HEIGHT]),
                    "Contents": page.stream.reference,
                    "Resources": resources,
                }
            )
        )
    file = io.BytesIO()
    document.write(file, identifier=False)
    return file.getvalue()


def _font(document: pydyf.PDF, face: str) -> bytes:
    font = pydyf.Dictionary(
        {"Type": "/Font", "Subtype": "/Type1", "BaseFont": f"/{face}", "Encoding": "/WinAnsiEncoding"}
    )
    document.add_object(font)
    return bytes(font.reference)
