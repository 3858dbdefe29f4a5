"""A plan as a Folium map that sends no requests to any host.

branca renders the output of a macro element a second time, so text in it would be executed as Jinja. Our parts of the
page are therefore plain elements whose text Jinja inserts once, as a value; the only macro writes generated names.
"""

from __future__ import annotations

import folium
from branca.element import MacroElement
from folium.template import Template

from stationplan.domain import Language, Plan
from stationplan.text.catalogue import words
from stationplan.text.names import kind_names
from stationplan.webmap.parts import empty_map, rendered, with_page
from stationplan.webmap.payload import data_block
from stationplan.webmap.tiles import tile_hosts


class PlanMap(folium.Map):
    """A map whose layer control also includes layers that are added after it."""

    _template = folium.Map._template

    def render(self, **kwargs: object) -> None:
        """Render the map with the elements that refer to all layers placed after the layers."""
        for key, child in list(self._children.items()):
            if isinstance(child, folium.LayerControl | _Fill):
                self._children.move_to_end(key)
        super().render(**kwargs)


class _Fill(MacroElement):
    """The element that passes the map and its feature groups to the script of the page."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            stationplan.fill({{ this._parent.get_name() }}, {
            {%- for key, group in this.groups.items() %}
                {{ key }}: {{ group.get_name() }},
            {%- endfor %}
            });
        {% endmacro %}
        """
    )

    def __init__(self, groups: dict[str, folium.FeatureGroup]) -> None:
        super().__init__()
        self._name = "Fill"
        self.groups = groups


def build(plan: Plan, *, lang: Language = "zh") -> folium.Map:
    """Return the map of a plan: layers as feature groups, filled in the page from one block of data.

    Leaflet's script and style come from the package XStatic-Leaflet and are included in the page.
    """
    page = empty_map(plan.study.name.in_language(lang), PlanMap)
    groups = {key: folium.FeatureGroup(name=name, show=shown).add_to(page) for key, name, shown in _layers(plan, lang)}
    folium.LayerControl(collapsed=False).add_to(page)
    _Fill(groups).add_to(page)
    with_page(page, data_block(plan, lang), entry="map")
    return page


def render(plan: Plan, *, lang: Language = "zh") -> str:
    """Return the map as one HTML page; the same plan gives the same bytes."""
    return rendered(build(plan, lang=lang), images=tile_hosts(plan.study.map_options))


def _layers(plan: Plan, lang: Language) -> list[tuple[str, str, bool]]:
    """Return key, name and initial visibility of each layer, bottom first."""
    word = words(lang)
    stations = [
        (f"existing_{kind}", word("Existing: {kind}", kind=name), True)
        for kind, name in kind_names(lang).items()
        if any(plan.sites.kind[i] == kind for i in plan.sites.existing.nonzero()[0])
    ]
    return [
        ("demand", word("Outdoor workers"), False),
        ("uncovered", word("Uncovered workers"), True),
        ("coverage", word("Coverage by district"), False),
        ("reach", word("Walking range of proposed sites"), False),
        ("roads", word("Roads"), True),
        ("districts", word("Districts"), True),
        ("candidates", word("Other candidates"), False),
        ("hosts", word("Host types"), False),
        *stations,
        ("proposed", word("Proposed sites"), True),
    ]
