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


def chosen_in_draws(plan: Plan, order: int, lang: Language) -> str:
    """Return in how many draws of the demand a proposed site is chosen; empty without draws."""
    times = plan.robustness.times_chosen(order)
    if times is None:
        return ""
    return words(lang)(
        "chosen in {count} of {draws} draws", count=number(times), draws=number(plan.robustness.answered)
    )


def held_by(plan: Plan, held: Held, lang: Language) -> str:
    """Return the rule that holds a site in the plan."""
    word = words(lang)
    if held.rule == "required":
        return word("Required in the scenario")
    if held.rule == "floor":
        return word(
            "Minimum coverage of {district}, not reached without it", district=district_name(plan, held.district, lang)
        )
    if held.rule == "target":
        return word("Coverage target, not reached without it")
    if held.rule == "budget":
        return word(
            "Budget: {name} would add more coverage but exceeds the budget", name=site_name(plan, held.site, lang)
        )
    if held.rule == "spacing":
        return word(
            "Location and spacing: {name} would add more coverage but conflicts with other sites",
            name=site_name(plan, held.site, lang),
        )
    if held.rule == "aim":
        return word("The aim of the plan")
    return word("Adds coverage")


def broken_by(plan: Plan, broken: Held | None, lang: Language) -> str:
    """Return the rule that an exchange breaks; empty where it breaks none."""
    word = words(lang)
    if broken is None:
        return ""
    if broken.rule == "floor":
        return word("violates the minimum coverage of {district}", district=district_name(plan, broken.district, lang))
    return word("misses the coverage target")


def today_ways(why: WhyHere, lang: Language) -> str:
    """Return the mean travel time to a station today of the workers a site serves, and the share without one.

    Times are by the mode of each group.
    """
    word = words(lang)
    served, none = float(why.served.sum()), float(why.today_none.sum())
    if served < SHOWN_FROM:
        return word("Serves nobody")
    minutes = mean_today_min(why)
    if minutes is None:
        return word("The workers served have no station today")
    if none / served < 0.0005:
        return word("{minutes} min on average for the workers served", minutes=number(minutes, 1))
    return word(
        "{minutes} min on average for the workers served; {share} have no station",
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
    facts = [
        (
            word("Why it was not selected"),
            reduce(lambda first, then: word("{first} {then}", first=first, then=then), said),
        )
    ]
    if "proposed" in case.reasons:
        held = next(why.held for why in plan.why if why.site == case.site)
        facts.append((word("Reason for selection"), held_by(plan, held, lang)))
    reach, gain = float(case.reach.sum()), float(case.gain.sum())
    facts.append((word("Workers within reach"), _by_group(plan, case.reach, lang)))
    if reach >= SHOWN_FROM:
        facts.append((word("Additional coverage"), _by_group(plan, case.gain, lang)))
        facts.append((word("Covered by other stations"), _covered_without(plan, case, reach, lang)))
    if case.exchange >= 0:
        facts.append((word("Best exchange"), exchange_words(plan, case, lang)))
    if case.least >= 0 and case.workers_missing >= SHOWN_FROM and reach >= SHOWN_FROM:
        lacking = word(
            "{workers} workers: the site in the plan that adds least is {name}, with {least}",
            workers=number(case.workers_missing, 1),
            name=site_name(plan, case.least, lang),
            least=number(gain + case.workers_missing, 1),
        )
        facts.append((word("Shortfall in workers"), lacking))
    if case.money_missing > 0:
        facts.append((word("Missing budget (yuan)"), word("{amount} yuan", amount=number(case.money_missing))))
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
    lacks = word("{amount} yuan short", amount=number(case.exchange_money)) if case.exchange_money > 0 else ""
    return word("; ").join(filter(None, [said, broken_by(plan, case.exchange_breaks, lang), lacks]))


def _reason(plan: Plan, case: WhyNot, reason: WhyNotReason, lang: Language) -> str:
    word = words(lang)
    if reason == "proposed":
        order = plan.chosen.tolist().index(case.site) + 1
        return word("It is proposed, as number {order} in the build order.", order=order)
    said: dict[WhyNotReason, str] = {
        "existing": word("It is an existing station."),
        "forbidden": word("The scenario lists it as forbidden."),
        "no_road": word("There is no road near it that a group can use."),
        "closed": word("It is closed in every time slot."),
        "unfit": word("It is suitable for no group."),
        "nobody": word("No worker is within reach of it."),
        "covered": word("Other stations already cover all workers within its reach."),
        "money": word("The budget is not enough."),
        "closes": word("It is an existing station to be closed."),
        "spacing": word("It is too close to an existing station, or conflicts with another measure at the same place."),
        "number": word("The plan already has the requested number of sites."),
        "outdone": word("The best exchange would reduce coverage."),
        "as_good": word("The best exchange would not increase coverage."),
        "rule": word("The best exchange violates a constraint of the scenario."),
        "heat": word("The best exchange covers fewer workers exposed to heat, who have a higher weight."),
        "aim": word("The aim of this plan is {aim}.", aim=translate(plan.aim.name, lang)),
        "better": word("The plan is not proven best: a plan with this site may cover more workers."),
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
        "{share} of them: {today} today, {plan} by the plan",
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
    found = [(word("Closed in"), closed), (word("Unsuitable for"), unfit)]
    found.append((word("No road nearby for"), [mode_names(lang)[mode] for mode in case.no_road]))
    return [(label, word(", ").join(parts)) for label, parts in found if parts]
