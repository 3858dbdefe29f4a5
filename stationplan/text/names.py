"""Names of the parts of a plan, in either language."""

from __future__ import annotations

from stationplan.domain import MODES, DefaultTaken, Kind, Language, Mode, Plan, Way
from stationplan.errors import Message, say
from stationplan.text.catalogue import translate, words


def kind_names(lang: Language) -> dict[Kind, str]:
    """Return the names of the kinds of stations."""
    word = words(lang)
    return {"standard": word("Standard station"), "micro": word("Micro station"), "mobile": word("Mobile station")}


def role_name(role: str) -> Message:
    """Return the name of an input by its role, such as that of a scenario's table ``[stations]``."""
    names = {
        "demand": say("demand"),
        "stations": say("stations"),
        "candidates": say("candidates"),
        "observed": say("observed counts"),
        "demand.places": say("places of interest"),
        "demand.totals": say("control totals"),
        "demand.observed": say("observed counts"),
        "demand.heat": say("temperatures"),
        "area": say("districts"),
        "districts": say("districts"),
        "area.district_list": say("the expected districts"),
        "area.known_points": say("the known points"),
        "candidates.forbidden_areas": say("forbidden areas"),
    }
    if role.startswith("demand.counts."):
        return say("the count {name}", name=role.removeprefix("demand.counts."))
    return names[role]


def default_taken(taken: DefaultTaken) -> Message:
    """Return how many records of an input took the value of a field from elsewhere, and from where."""
    count = taken.rows
    if taken.source == "closed":
        return say("Opening hours: {count} records are closed at present.", count=count)
    if taken.source == "same_as_host":
        return say("Opening hours: {count} records refer to their host and take the hours of its type.", count=count)
    if taken.source == "unknown_host":
        return say(
            "Opening hours: {count} records are unknown; the hours of their host types are assumed.", count=count
        )
    if taken.source == "unknown_default":
        return say("Opening hours: {count} records are unknown; {value} is assumed.", count=count, value=taken.value)
    if taken.source == "unknown_closed":
        return say("Opening hours: {count} records are unknown; they count as closed.", count=count)
    fields = {
        "hours": say("Opening hours"),
        "cost": say("Cost (yuan)"),
        "kind": say("Station type"),
        "capacity": say("Capacity"),
    }
    if taken.source == "host":
        return say(
            "{field}: {count} records without a value took that of their host type.",
            field=fields[taken.field],
            count=count,
        )
    return say(
        "{field}: {count} records without a value and a host type took {value}.",
        field=fields[taken.field],
        count=count,
        value=say("Standard station"),
    )


def way_names(lang: Language) -> dict[Way, str]:
    """Return the names of the methods of distributing workers over cells."""
    word = words(lang)
    return {
        "rates": word("given rates"),
        "learned": word("a model estimated from counts"),
        "model": word("a fitted model"),
        "sightings": word("density of point observations"),
    }


def mode_names(lang: Language) -> dict[Mode, str]:
    """Return the names of the travel modes."""
    return {mode: translate(record.name, lang) for mode, record in MODES.items()}


def host_names(plan: Plan, lang: Language) -> dict[str, str]:
    """Return the names of the host types, by id."""
    return {host.id: host.name.in_language(lang) for host in plan.hosts}


def site_name(plan: Plan, site: int, lang: Language) -> str:
    """Return a site's name and the action there; a site without a name is called by its host type and id."""
    sites, word = plan.sites, words(lang)
    name, action = sites.name[site], sites.action[site]
    if not name:
        place = sites.site_id[sites.place[site]]
        host = host_names(plan, lang).get(sites.host[site])
        name = word("{host} ({id})", host=host, id=place) if host else place
    return word("{name}: {action}", name=name, action=plan.actions[action].in_language(lang)) if action else name


def phase_name(plan: Plan, order: int, lang: Language) -> str:
    """Return the name of the phase in which a proposed site is built; empty without phases."""
    phase = int(plan.phase[order])
    return plan.phase_names[phase].in_language(lang) if phase >= 0 else ""


def district_name(plan: Plan, district: int, lang: Language) -> str:
    """Return a district's name; -1 means outside the study area."""
    if district < 0:
        return words(lang)("Outside the districts")
    return str(plan.area.districts["name" if lang == "zh" else "name_en"].iloc[district])
