"""Records of a study: its sites, what they cover, what the solver answers, what became of its inputs, the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from stationplan.domain.audit import Audit, Scorecard
from stationplan.domain.base import (
    Aim,
    BoolArray,
    FloatArray,
    Host,
    IntArray,
    Kind,
    LocalText,
    Mode,
    Record,
    Rule,
    Termination,
    WhyNotReason,
    require,
)
from stationplan.domain.ground import RoadNetwork, StudyArea
from stationplan.domain.workers import Demand, Surface
from stationplan.errors import Action, Fault, Message


@dataclass(frozen=True, eq=False)
class Sites(Record):
    """Existing stations and candidate sites, one row each; ids are unique across both.

    ``open[site, slot]`` and ``serves[site, group]`` say when and for whom a station works. ``district`` is -1 outside
    every district. ``cost`` (yuan) is 0 for existing stations. ``hours`` is the opening time as text, ``host`` the id
    of the kind of place. ``place`` is the row of the station or candidate at which something is done: of new sites with
    the same number at most one is chosen. ``capacity`` is the number of workers that a site can serve in a time slot,
    NaN where nobody said. ``action`` is the id of what is done there, empty for the station itself;
    ``counted`` sites count towards the number of new ones. ``preferred`` and ``closable`` are named by the scenario.
    """

    site_id: tuple[str, ...]
    name: tuple[str, ...]
    address: tuple[str, ...]
    x: FloatArray
    y: FloatArray
    existing: BoolArray
    kind: tuple[Kind, ...]
    host: tuple[str, ...]
    hours: tuple[str, ...]
    open: BoolArray
    serves: BoolArray
    cost: FloatArray
    capacity: FloatArray
    required: BoolArray
    forbidden: BoolArray
    preferred: BoolArray
    closable: BoolArray
    counted: BoolArray
    place: IntArray
    action: tuple[str, ...]
    district: IntArray

    def __post_init__(self) -> None:
        super().__post_init__()
        require(len(set(self.site_id)) == len(self.site_id), "site ids are unique across kinds")
        require(bool(np.isfinite(self.cost).all() and (self.cost >= 0).all()), "costs are finite and >= 0")

    def __len__(self) -> int:
        return len(self.site_id)

    @property
    def extends(self) -> BoolArray:
        """Whether a row is no station of its own, but more of an existing one."""
        return ~self.existing & self.existing[self.place]


@dataclass(frozen=True, eq=False)
class Journeys(Record):
    """How long it takes from demand to sites, also past the standards.

    ``minutes`` is an [origin x site] matrix of minutes up to ``far_min``, by a group's mode and to sites that are open
    and suit it; an absent entry is farther, a stored 0 no way at all. ``origin[row]`` is where a row of the coverage
    sets out: rows of one cell have an origin in common where the same sites are open to them.
    """

    minutes: sparse.csr_array
    origin: IntArray
    far_min: float


@dataclass(frozen=True, eq=False)
class Coverage(Record):
    """Which demand rows each site covers.

    Row r stands for ``(cell[r], group[r], slot[r])`` and has ``weight[r]`` > 0 workers. ``cover`` is a boolean
    [row x site] matrix: true where the site is open, fit for the group and within its standard. ``share`` says, where
    coverage fades out past the standard of some group, what share of a row a site is worth; ``None``: ``cover`` says.
    ``journeys`` are there where the plan is about ways.
    """

    cell: IntArray
    group: IntArray
    slot: IntArray
    weight: FloatArray
    cover: sparse.csr_array
    share: sparse.csr_array | None = None
    journeys: Journeys | None = None


@dataclass(frozen=True, eq=False)
class Served(Record):
    """Who finds room at the stations: ``before[row]`` and ``after[row]`` workers of each row of the coverage.

    ``load[site, slot]`` are the workers that each site serves with the plan.
    """

    before: FloatArray
    after: FloatArray
    load: FloatArray


@dataclass(frozen=True)
class FrontierPoint:
    """The best that ``new`` sites can do: what is reached (NaN: nothing keeps the rules) and a limit on it."""

    new: int
    objective: float
    bound: float


@dataclass(frozen=True)
class Phase:
    """A part of a plan that is built before the next one: how many new sites, and what is reached when they stand.

    ``objective`` is reached by this and all earlier phases; ``bound`` limits what any plan could reach by then.
    """

    new: int
    objective: float
    bound: float


@dataclass(frozen=True, eq=False)
class Solution(Record):
    """What a siting model answers.

    ``sites`` are column indices of the new sites in build order, best marginal gain first. ``objective`` is what the
    model maximises, re-evaluated from the raw matrix; ``bound`` is a proven limit on the best objective; ``gap`` is
    ``(bound - objective) / objective`` (0 when both are 0, ``inf`` when only the objective is). For ``infeasible``
    there are no sites and objective, bound and gap are NaN; a ``time_limit`` without an answer has the objective NaN.
    A model that minimises has its bound below: ``gap`` is the distance of the two over the objective. ``time_s`` is
    what the answer took. ``closed`` are existing sites that close. ``phases`` divide ``sites``,
    whose build order then is that of the phases; without phases it is empty.
    """

    sites: IntArray
    objective: float
    bound: float
    gap: float
    termination: Termination
    method: str
    time_s: float
    closed: IntArray
    phases: tuple[Phase, ...] = ()


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


@dataclass(frozen=True)
class Quality:
    """What became of the records of one input.

    ``rows`` records stand in the file (or sheet, or query), ``kept`` of them went into the study; ``findings`` tell, by
    row, what was repaired, merged, set aside or is worth a look. A record without a finding was kept as it is.
    ``sha256`` is that of the content of a source that is no file.
    """

    role: str
    file: str
    sheet: str | None
    rows: int
    kept: int
    findings: tuple[Fault, ...]
    sha256: str = ""

    def count(self, action: Action) -> int:
        """Return how many records had a fate; a row with several findings counts once."""
        found = [finding for finding in self.findings if finding.action == action]
        rows = {finding.row for finding in found if finding.row is not None}
        counts = [finding.what.values.get("count", 1) for finding in found if finding.row is None]
        return len(rows) + sum(count for count in counts if isinstance(count, int))


@dataclass(frozen=True)
class DatumDecision:
    """Which datum the coordinates of an input were taken to have, and why.

    ``declared`` is what the scenario says (empty: nothing); ``medians_m`` holds, where evidence was weighed, the median
    distance that each datum leaves; ``used`` is empty where none could be decided. ``doubtful``: the evidence speaks
    against what was declared.
    """

    role: str
    declared: str
    used: str
    reason: Message
    medians_m: Mapping[str, float]
    doubtful: bool


@dataclass(frozen=True)
class InputFile:
    """A file that went into a plan: its path as the scenario names it, its SHA-256 and what was read from it."""

    path: str
    sha256: str
    role: str
    datum: str


@dataclass(frozen=True)
class MapOptions:
    """What the map page shows besides the plan.

    ``tiles`` is the name of an online map, an address of tiles, or empty: none. ``review_number`` (审图号) stands on
    the map in place of the mark for internal use.
    """

    tiles: str = ""
    tiles_key: str = ""
    tiles_datum: str = ""
    tiles_attribution: str = ""
    review_number: str = ""


@dataclass(frozen=True, eq=False)
class Density(Record):
    """Where the workers of a scenario are, and what the outputs tell of its inputs.

    ``surface`` is where the workers are, ``demand`` the same by time slot. ``quality`` and ``datums`` say what became
    of the inputs' records and coordinates, ``sources`` where roads and other inputs come from.
    """

    name: LocalText
    notice: LocalText | None
    synthetic: bool
    area: StudyArea
    surface: Surface
    demand: Demand
    notes: tuple[Message, ...]
    scenario_toml: str
    scenario_fingerprint: str
    inputs: tuple[InputFile, ...]
    quality: tuple[Quality, ...]
    datums: tuple[DatumDecision, ...]
    sources: tuple[str, ...]
    map_options: MapOptions
    timings_s: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Plan(Density):
    """Everything the outputs need, before and after; it never changes once made.

    ``stations_before`` and ``stations_after``,
    [cell, group, slot], count the stations that cover a row today and with the plan (0 where a row has no workers).
    ``why_not`` holds the cases of the sites that the scenario asks about, in its order. ``audit`` looks at what stands,
    ``scorecard`` at the national service circle. ``robustness`` is, for each proposed site, the share of
    ``robustness_draws`` draws of the demand in which it is chosen too (NaN without draws).
    ``aim`` is what the plan wants, and ``weighted`` whether its objective counts more than covered workers.
    ``phase_names`` name the phases of the solution, ``actions`` what is done at sites. ``frontier`` tells what other
    numbers of sites could do. Where the scenario asks for ways, ``minutes_before`` and ``minutes_after``, [cell, group,
    slot], are those to the nearest station (``inf``: none within ``coverage.journeys.far_min``); where it is about
    room, ``served`` tells who finds some. ``part`` are the ids of its districts where the scenario has more, else
    empty. ``straight`` says of each district whether it has no roads, so that its workers' ways are straight lines.
    """

    network: RoadNetwork
    straight: BoolArray
    sites: Sites
    hosts: tuple[Host, ...]
    coverage: Coverage
    aim: Aim
    weighted: bool
    solution: Solution
    phase_names: tuple[LocalText, ...]
    actions: Mapping[str, LocalText]
    frontier: tuple[FrontierPoint, ...]
    stations_before: NDArray[np.int32]
    stations_after: NDArray[np.int32]
    minutes_before: FloatArray | None
    minutes_after: FloatArray | None
    served: Served | None
    why: tuple[WhyHere, ...]
    why_not: tuple[WhyNot, ...]
    audit: Audit
    scorecard: Scorecard
    robustness: FloatArray
    robustness_draws: int
    part: tuple[str, ...]
    counts: Mapping[str, int]

    @property
    def chosen(self) -> IntArray:
        """Rows of ``sites`` that the plan proposes, in build order."""
        return self.solution.sites

    @property
    def phase(self) -> IntArray:
        """Phase of each proposed site, from 0; -1 without phases."""
        if not self.solution.phases:
            return np.full(len(self.chosen), -1, dtype=np.int64)
        return np.repeat(np.arange(len(self.solution.phases)), [phase.new for phase in self.solution.phases])
