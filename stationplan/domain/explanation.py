"""Records of why a site is proposed, and why another is not."""

from __future__ import annotations

from dataclasses import dataclass

from stationplan.domain.base import FloatArray, IntArray, Mode, Record, Rule, WhyNotReason


@dataclass(frozen=True)
class Held:
    """A rule of the question and what it is about.

    ``district`` is the one whose floor it is (-1: no floor), ``site`` the better one that may not be had (-1: none).
    """

    rule: Rule
    district: int = -1
    site: int = -1


@dataclass(frozen=True, eq=False)
class WhyHere(Record):
    """The case for one proposed site.

    ``gained[group, slot]``: workers it adds in build order, ``alone[group, slot]`` those that only it covers once all
    are built. ``served[group]`` are the workers within its reach, ``served_today[group]`` those of them that a station
    covers today; ``today_min[group]`` is the mean way of those served to the nearest station that is open then and
    suits them, by the group's mode (NaN where no road leads to one), and ``today_none[group]`` are the workers for whom
    there is none.

    ``nearest_existing``: index of the nearest existing station on foot from the site itself (-1: none within reach) and
    ``nearest_existing_min`` (``inf``). ``replacement``: the best other candidate in its stead with the rest of the plan
    unchanged (-1: none), ``replacement_loss``, the workers lost by that exchange, and ``replacement_breaks``, the rule
    that the exchange breaks. ``removal_loss``: workers lost when it falls through and nothing replaces it. ``held`` is
    the first rule that holds it.
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
    """The case of a site that somebody asked about, against the finished plan.

    ``reach[group, slot]``: workers that it reaches; ``gain[group, slot]``: those whom nothing else covers.
    ``covered_today`` and ``covered_by_plan``: workers it reaches that existing stations cover, and that only proposed
    sites do; ``others`` are the sites that cover them, most first, with ``shared`` workers each, who may be counted
    for several.

    ``exchange``: the proposed site (not a required one) that it would best replace, if the money allows one that it
    does, else whatever the money (-1: none); ``exchange_gain``: workers that this exchange wins (negative: loses),
    ``exchange_money`` the yuan that it lacks and ``exchange_breaks`` the rule that it breaks. ``least``: the proposed
    site (not a required one) with the least gain in build order (-1: none, or the site stands itself), and
    ``workers_missing``, the workers by which it gains more. ``money_missing``: yuan that lack to build it beside the
    plan. ``no_road``: modes of groups that have no road near it.
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
