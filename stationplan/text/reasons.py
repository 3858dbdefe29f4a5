"""Why a site is proposed or not, in the words used by all outputs."""

from __future__ import annotations

from functools import reduce

import numpy as np

from stationplan.domain import FloatArray, Held, Language, Plan, WhyHere, WhyNot, WhyNotReason
from stationplan.text.catalogue import number, percent, translate, words
from stationplan.text.names import district_name, mode_names, site_name

SHOWN_FROM = 0.05
"""Numbers of workers below this would be shown as 0.0."""

_LISTED = 3
"""Number of other sites named in one sentence."""


def held_by(plan: Plan, held: Held, lang: Language) -> str:
    """Return the rule that holds a site in the plan."""
    word = words(lang)
    if held.rule == "required":
        return word("Required by the scenario")
    if held.rule == "floor":
        return word("Floor of {district}, which breaks without it", district=district_name(plan, held.district, lang))
    if held.rule == "target":
        return word("Target, which is missed without it")
    if held.rule == "budget":
        return word("Budget: {name} would add more and is too dear", name=site_name(plan, held.site, lang))
    if held.rule == "spacing":
        return word(
            "Place and distance: {name} would add more and may not stand beside the others",
            name=site_name(plan, held.site, lang),
        )
    if held.rule == "aim":
        return word("The aim of the plan")
    return word("What it adds")


def broken_by(plan: Plan, broken: Held | None, lang: Language) -> str:
    """Return the rule that an exchange breaks; empty where it breaks none."""
    word = words(lang)
    if broken is None:
        return ""
    if broken.rule == "floor":
        return word("breaks the floor of {district}", district=district_name(plan, broken.district, lang))
    return word("misses the target")


def today_ways(why: WhyHere, lang: Language) -> str:
    """Return the mean travel time to a station today of the workers a site serves, and the share without one.

    Times are by the mode of each group.
    """
    word = words(lang)
    served, none = float(why.served.sum()), float(why.today_none.sum())
    if served < SHOWN_FROM:
        return word("It serves nobody")
    minutes = mean_today_min(why)
    if minutes is None:
        return word("None for those it serves")
    if none / served < 0.0005:
        return word("{minutes} min on average for those it serves", minutes=number(minutes, 1))
    return word(
        "{minutes} min on average for those it serves; {share} have none",
        minutes=number(minutes, 1),
        share=percent(none / served),
    )


def mean_today_min(why: WhyHere) -> float | None:
    """Return the mean minutes to the nearest station today, over the workers served who have one; ``None`` if none."""
    with_one = why.served - why.today_none
    found = np.isfinite(why.today_min) & (with_one > 0)
    if not found.any():
        return None
    return float(np.average(why.today_min[found], weights=with_one[found]))


def no_station_share(why: WhyHere) -> float | None:
    """Return the share of the workers served by a site who have no station today; ``None`` if it serves nobody."""
    served = float(why.served.sum())
    return float(why.today_none.sum()) / served if served > 0 else None


def why_not_title(plan: Plan, case: WhyNot, lang: Language) -> str:
    """Return the name of a site in ``[plan] explain``, with its id."""
    name = site_name(plan, case.site, lang)
    if not plan.sites.name[case.site]:
        return name  # it contains the id already
    return words(lang)("{name} ({id})", name=name, id=plan.sites.site_id[case.site])


def why_not_facts(plan: Plan, case: WhyNot, lang: Language) -> list[tuple[str, str]]:
    """Return (label, words) of an explained site that is not proposed: the reasons first, then the numbers."""
    word = words(lang)
    said = [_reason(plan, case, reason, lang) for reason in case.reasons]
    facts = [(word("Why not"), reduce(lambda first, then: word("{first} {then}", first=first, then=then), said))]
    if "proposed" in case.reasons:
        held = next(why.held for why in plan.why if why.site == case.site)
        facts.append((word("Held by"), held_by(plan, held, lang)))
    reach, gain = float(case.reach.sum()), float(case.gain.sum())
    facts.append((word("Reaches"), _by_group(plan, case.reach, lang)))
    if reach >= SHOWN_FROM:
        facts.append((word("Adds to the plan"), _by_group(plan, case.gain, lang)))
        facts.append((word("Covered without it"), _covered_without(plan, case, reach, lang)))
    if case.exchange >= 0:
        facts.append((word("Best exchange"), exchange_words(plan, case, lang)))
    if case.least >= 0 and case.workers_missing >= SHOWN_FROM and reach >= SHOWN_FROM:
        lacking = word(
            "{workers} workers: {name} adds the least in the plan, {least}",
            workers=number(case.workers_missing, 1),
            name=site_name(plan, case.least, lang),
            least=number(gain + case.workers_missing, 1),
        )
        facts.append((word("Workers it lacks"), lacking))
    if case.money_missing > 0:
        facts.append((word("Money it lacks"), word("{amount} yuan", amount=number(case.money_missing))))
    facts.extend(_limits(plan, case, lang))
    return facts


def exchange_words(plan: Plan, case: WhyNot, lang: Language) -> str:
    """Return the site that another would best replace, the workers gained or lost, and what rules the exchange out."""
    word = words(lang)
    name, change = site_name(plan, case.exchange, lang), case.exchange_gain
    if abs(change) < SHOWN_FROM:
        said = word("instead of {name}: as many workers", name=name)
    elif change < 0:
        said = word("instead of {name}: {workers} fewer workers", name=name, workers=number(-change, 1))
    else:
        said = word("instead of {name}: {workers} more workers", name=name, workers=number(change, 1))
    lacks = word("{amount} yuan are missing", amount=number(case.exchange_money)) if case.exchange_money > 0 else ""
    return word("; ").join(filter(None, [said, broken_by(plan, case.exchange_breaks, lang), lacks]))


def _reason(plan: Plan, case: WhyNot, reason: WhyNotReason, lang: Language) -> str:
    word = words(lang)
    if reason == "proposed":
        order = plan.chosen.tolist().index(case.site) + 1
        return word("It is proposed, as number {order}.", order=order)
    said: dict[WhyNotReason, str] = {
        "existing": word("It is an existing station."),
        "forbidden": word("The scenario forbids it."),
        "no_road": word("No road that a group uses is near it."),
        "closed": word("It is open in no time slot."),
        "unfit": word("It suits no group."),
        "nobody": word("No worker is within reach of it."),
        "covered": word("All whom it reaches are covered without it."),
        "money": word("The money does not suffice for it."),
        "closes": word("It is an existing station that the plan closes."),
        "spacing": word("It may not stand so near to what stands, or beside what is done at its place."),
        "number": word("As many sites as asked for are in the plan."),
        "outdone": word("The best exchange would lose workers."),
        "as_good": word("The best exchange would cover as many workers."),
        "rule": word("The best exchange breaks a rule of the scenario."),
        "heat": word("The best exchange loses workers in the heat, who count for more."),
        "aim": word("The plan is about something else: {aim}.", aim=translate(plan.aim.name, lang)),
        "better": word("The plan is not proven best: with it more workers may be covered."),
    }
    return said[reason]


def _by_group(plan: Plan, workers: FloatArray, lang: Language) -> str:
    """Return workers, [group, slot], as their sum and the sum of each group."""
    word = words(lang)
    total, groups = float(workers.sum()), workers.sum(axis=1)
    if total < SHOWN_FROM:
        return word("Nobody")
    parts = [
        word("{group} {workers}", group=group.name.in_language(lang), workers=number(float(of_group), 1))
        for group, of_group in zip(plan.demand.groups, groups, strict=True)
        if of_group >= SHOWN_FROM
    ]
    return word("{workers} workers ({groups})", workers=number(total, 1), groups=word(", ").join(parts))


def _covered_without(plan: Plan, case: WhyNot, reach: float, lang: Language) -> str:
    word = words(lang)
    said = word(
        "{share} of them: {today} today, {plan} by the plan only",
        share=percent((case.covered_today + case.covered_by_plan) / reach),
        today=number(case.covered_today, 1),
        plan=number(case.covered_by_plan, 1),
    )
    shown = [
        word("{name} {workers}", name=site_name(plan, int(site), lang), workers=number(float(workers), 1))
        for site, workers in zip(case.others, case.shared, strict=True)
        if workers >= SHOWN_FROM
    ]
    if not shown:
        return said
    sites = word(", ").join(shown[:_LISTED])
    if len(shown) > _LISTED:
        sites = word("{sites} and {count} more", sites=sites, count=len(shown) - _LISTED)
    return word("{covered} ({sites})", covered=said, sites=sites)


def _limits(plan: Plan, case: WhyNot, lang: Language) -> list[tuple[str, str]]:
    """Return why a site does not serve some groups or slots, if it serves others."""
    word, demand, site = words(lang), plan.demand, case.site
    closed = [slot.name.in_language(lang) for s, slot in enumerate(demand.slots) if not plan.sites.open[site, s]]
    unfit = [group.name.in_language(lang) for g, group in enumerate(demand.groups) if not plan.sites.serves[site, g]]
    found = [(word("Closed in"), closed), (word("Does not suit"), unfit)]
    found.append((word("No road near it"), [mode_names(lang)[mode] for mode in case.no_road]))
    return [(label, word(", ").join(parts)) for label, parts in found if parts]
