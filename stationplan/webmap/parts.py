"""What every map page is made of: an empty Folium map that asks no host for anything, and text put into it once.

branca renders the output of a macro element a second time, so text in it would run as Jinja. The page's own parts are
therefore plain elements whose text Jinja inserts as a value, once.
"""

from __future__ import annotations

import html
import re
from importlib import resources
from itertools import count

import folium
from branca.element import Element, Figure
from jinja2 import Template as PlainTemplate
from xstatic.pkg import leaflet


class Verbatim(Element):
    """Text that stands in the page as it is."""

    _template = PlainTemplate("{{ this.text }}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


def empty_map(title: str) -> folium.Map:
    """Return a map without tiles, with the scripts and styles that it needs; the page's own part is not there yet.

    Leaflet's script and style come from the package XStatic-Leaflet and stand in the page.
    """
    page = folium.Map(tiles=None, zoom_control=True, location=[0, 0], zoom_start=2)
    page.default_js, page.default_css = [], []
    figure = page.get_root()
    assert isinstance(figure, Figure)
    figure.header.add_child(Verbatim(f"<title>{html.escape(title)}</title>"), name="title")
    figure.header.add_child(Verbatim(f"<style>{leaflet_file('leaflet.css')}</style>"), name="leaflet_css")
    figure.header.add_child(Verbatim(f"<style>{asset('map.css')}</style>"), name="stationplan_css")
    figure.header.add_child(Verbatim(f"<script>{leaflet_file('leaflet.js')}</script>"), name="leaflet_js")
    return page


def rendered(page: folium.Map) -> str:
    """Return a map as one HTML page; the same map gives the same bytes."""
    figure = page.get_root()
    # branca draws its ids at random. They only tell elements apart, so counting does as well.
    numbers = count()
    for root in (figure, figure.header, figure.html, figure.script):
        _number(root, numbers)
    return str(figure.render())


def _number(element: Element, numbers: count[int]) -> None:
    element._id = f"{next(numbers):08x}"
    for child in element._children.values():
        _number(child, numbers)


def asset(name: str) -> str:
    """Return one of our own files."""
    return resources.files("stationplan").joinpath(f"webmap/assets/{name}").read_text("utf-8")


def leaflet_file(name: str) -> str:
    """Return one of Leaflet's files, without the address of its source map."""
    text = resources.files(leaflet).joinpath(f"data/{name}").read_text("utf-8")
    return re.sub(r"(?m)^//# sourceMappingURL=.*$", "", text)
