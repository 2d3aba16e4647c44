"""The plots: SVG that a browser can read, with every point in its place."""

from xml.etree.ElementTree import Element, fromstring

import pytest

from tests.bench.plots import Plot, round_up, svg

SVG = "{http://www.w3.org/2000/svg}"


def drawn(**lines: list[tuple[float, float]]) -> Element:
    """Draw lines and read the picture."""
    picture = svg(Plot(file="x.svg", title="a < b", x_label="accounts", y_label="per second", lines=lines))
    return fromstring(picture)  # noqa: S314 -- our own


def test_every_line_is_drawn_with_all_of_its_points() -> None:
    picture = drawn(ours=[(1, 900.0), (10, 950.0), (100, 1000.0)], raw=[(1, 50.0), (100, 500.0)])

    assert len(picture.findall(f"{SVG}polyline")) == 2
    assert len(picture.findall(f"{SVG}circle")) == 5
    assert {"a < b", "ours", "raw", "accounts", "per second"} <= {text.text for text in picture.iter(f"{SVG}text")}


def test_axis_is_logarithmic_and_more_is_higher() -> None:
    first, second, third = drawn(ours=[(1, 100.0), (10, 500.0), (100, 1000.0)]).findall(f"{SVG}circle")

    places = [(float(one.attrib["cx"]), float(one.attrib["cy"])) for one in (first, second, third)]
    assert places[1][0] - places[0][0] == pytest.approx(places[2][0] - places[1][0], abs=0.2)
    assert places[0][1] > places[1][1] > places[2][1]


@pytest.mark.parametrize(("value", "above"), [(0, 1), (0.3, 0.5), (1, 1), (1.1, 2), (23, 25), (31_000, 50_000)])
def test_axis_ends_with_a_round_number(value: float, above: float) -> None:
    assert round_up(value) == pytest.approx(above)


def test_nothing_to_draw_is_said() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        drawn()
