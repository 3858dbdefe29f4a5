"""Records of why a site is proposed, and why another is not."""

from __future__ import annotations

from dataclasses import dataclass

from stationplan.domain.base import FloatArray, IntArray, Mode, Record, Rule, WhyNotReason


@dataclass(frozen=True)
class Held:
    """A rule that holds a site in the plan, and the district or site that the rule concerns.

    ``district`` is the district whose floor applies (-1: no floor), ``site`` the better site that is not available (-1:
    none).
    """

    rule: Rule
    district: int = -1
    site: int = -1


@dataclass(frozen=True, eq=False)
class WhyHere(Record):
    """Why one proposed site is in the plan.

    ``gained[group, slot]``: workers that it adds in build order; ``alone[group, slot]``: workers that no other site
    covers once all are built. ``served[group]`` are the workers within its reach, ``served_today[group]`` those of them
    that a station covers today. ``today_min[group]`` is the mean travel time (minutes) of the served workers to the
    nearest station that is open then and suitable for them, by the group's mode (NaN where no road leads to one), and
    ``today_none[group]`` is the number of workers without such a station.

    ``nearest_existing``: index of the nearest existing station on foot from the site itself (-1: none within reach) and
    ``nearest_existing_min``, the walking time to it in minutes (``inf`` for none). ``replacement``: the best other
    candidate instead of the site, with the rest of the plan unchanged (-1: none); ``replacement_loss``: the workers
    lost by that exchange; ``replacement_breaks``: the rule that the exchange breaks. ``removal_loss``: workers lost if
    the site is not built and nothing replaces it. ``held`` is the first rule that holds the site in the plan.
    """

    site: int
    gained: FloatArray
    alone: FloatArray
    served: FloatArray
    served_today: FloatArray
    today_min: FloatArray
    today_none: FloatArray
    nearest_existing: int
    nearest_existing_min: float
    replacement: int
    replacement_loss: float
    replacement_breaks: Held | None
    removal_loss: float
    held: Held


@dataclass(frozen=True, eq=False)
class WhyNot(Record):
    """Why a site that the scenario asks about is not proposed, compared with the finished plan.

    ``reach[group, slot]``: workers that it reaches; ``gain[group, slot]``: those that no other site covers.
    ``covered_today``: workers within its reach that existing stations cover; ``covered_by_plan``: those that only
    proposed sites cover. ``others`` are the sites that cover them, most workers first, with ``shared`` workers each; a
    worker may be counted for several sites.

    ``exchange``: the proposed site (not a required one) that it would best replace: one for which the budget is
    sufficient if there is one, otherwise regardless of the budget (-1: none). ``exchange_gain``: workers gained by this
    exchange (negative: lost); ``exchange_money``: the yuan missing for it; ``exchange_breaks``: the rule that it
    breaks. ``least``: the proposed site (not a required one) with the least gain in build order (-1: none, or the site
    itself is proposed or existing); ``workers_missing``: the workers by which that gain is larger. ``money_missing``:
    yuan missing to build the site in addition to the plan. ``no_road``: modes of groups that have no road near it.
    """

    site: int
    reasons: tuple[WhyNotReason, ...]
    reach: FloatArray
    gain: FloatArray
    covered_today: float
    covered_by_plan: float
    others: IntArray
    shared: FloatArray
    exchange: int
    exchange_gain: float
    exchange_money: float
    exchange_breaks: Held | None
    least: int
    workers_missing: float
    money_missing: float
    no_road: tuple[Mode, ...]
