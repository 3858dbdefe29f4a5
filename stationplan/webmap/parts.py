"""What every map page is made of: an empty Folium map that asks no host for anything, our data, script and style.

branca renders the output of a macro element a second time, so text in it would run as Jinja. The page's own parts are
therefore plain elements whose text Jinja inserts as a value, once.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from html import escape as html_escape
from itertools import count

import folium
from branca.element import Element, Figure, MacroElement
from folium.template import Template
from jinja2 import Template as PlainTemplate

from stationplan.webmap.files import asset, leaflet_file
from stationplan.webmap.scripts import script


class Verbatim(Element):
    """Text that stands in the page as it is."""

    _template = PlainTemplate("{{ this.text }}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Draw(MacroElement):
    """Hands the map to the page's script."""

    _template = Template(
        "{% macro script(this, kwargs) %}stationplan.draw({{ this._parent.get_name() }});{% endmacro %}"
    )

    def __init__(self) -> None:
        super().__init__()
        self._name = "Draw"


def empty_map(title: str, kind: type[folium.Map] = folium.Map) -> folium.Map:
    """Return a map without tiles, with the scripts and styles that it needs; the page's own part is not there yet.

    Leaflet's script and style come from the package XStatic-Leaflet and stand in the page.
    """
    page = kind(tiles=None, zoom_control=True, location=[0, 0], zoom_start=2)
    page.default_js, page.default_css = [], []
    figure = page.get_root()
    assert isinstance(figure, Figure)
    figure.header.add_child(Verbatim(f"<title>{html_escape(title)}</title>"), name="title")
    figure.header.add_child(Verbatim(f"<style>{leaflet_file('leaflet.css')}</style>"), name="leaflet_css")
    figure.header.add_child(Verbatim(f"<style>{asset('map.css')}</style>"), name="stationplan_css")
    figure.header.add_child(Verbatim(f"<script>{leaflet_file('leaflet.js')}</script>"), name="leaflet_js")
    return page


def with_page(page: folium.Map, block: str, *, entry: str, style: str | None = None) -> None:
    """Put a block of data and the script that draws it into a map, once."""
    figure = page.get_root()
    assert isinstance(figure, Figure)
    if style is not None:
        figure.header.add_child(Verbatim(f"<style>{asset(style)}</style>"), name="page_css")
    figure.html.add_child(Verbatim(data_element(block)), name="stationplan_data")
    figure.html.add_child(Verbatim(f"<script>{script(entry)}</script>"), name="stationplan_js")


def data_element(block: str) -> str:
    """Return the element that holds a block of :mod:`stationplan.webmap.packing`."""
    return f'<script type="application/octet-stream" class="stationplan-data">{block}</script>'


def rendered(page: folium.Map, *, images: Sequence[str] = ()) -> str:
    """Return a map as one HTML page that may run its own scripts only; the same map gives the same bytes.

    ``images`` are hosts that pictures may come from.
    """
    figure = page.get_root()
    # branca draws its ids at random. They only tell elements apart, so counting does as well.
    numbers = count()
    for root in (figure, figure.header, figure.html, figure.script):
        _number(root, numbers)
    return with_policy(str(figure.render()), images=images)


def with_policy(html: str, *, images: Sequence[str] = ()) -> str:
    """Return a page with a Content-Security-Policy: nothing but the scripts and styles that stand in it."""
    policy = {
        "default-src": ["'none'"],
        "script-src": _hashes(r"<script>(.*?)</script>", html),
        "style-src": _hashes(r"<style>(.*?)</style>", html),
        "img-src": ["data:", *images],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    text = "; ".join(" ".join([name, *sources]) for name, sources in policy.items())
    meta = f'<meta http-equiv="Content-Security-Policy" content="{html_escape(text)}">'
    return re.sub(r"<head>\s*(?:<meta[^>]*charset[^>]*>)?", lambda match: f"{match[0]}\n    {meta}", html, count=1)


def _hashes(pattern: str, html: str) -> list[str]:
    """Return what a policy calls the texts of elements, each once."""
    texts = dict.fromkeys(re.findall(pattern, html, re.DOTALL))
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
    return [f"'sha256-{digest}'" for digest in digests] or ["'none'"]


def _number(element: Element, numbers: count[int]) -> None:
    element._id = f"{next(numbers):08x}"
    for child in element._children.values():
        _number(child, numbers)
