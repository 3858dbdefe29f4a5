"""The question of a scenario: what is wanted, what it may cost and what must hold."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stationplan.domain import Aim, Kind
from stationplan.errors import FaultList, say
from stationplan.scenario.fields import Identifier, Name, Nonnegative, OpeningText, Positive, Share, Table

_WAYS = ("median", "center")
"""Aims that are about ways to stations, however long."""


class ActionInput(Table):
    """A way to serve a place: a smaller or a mobile station, other hours, longer hours of an existing station."""

    name: Name
    """Name shown to readers."""
    at: Literal["candidates", "stations"] = "candidates"
    """Where it may be done: at candidates, in place of their host's own station, or at existing stations."""
    hosts: list[Identifier] = []
    """Hosts at which it may be done; default: all."""
    kind: Kind | None = None
    """Kind of station that it makes; default: that of the place."""
    hours: OpeningText | None = None
    """Opening hours; default: those of the place. Longer hours of an existing station need them."""
    cost: Nonnegative
    """Cost in yuan."""
    excludes: list[Identifier] = []
    """Groups that it does not suit, besides those that the host does not suit."""
    counted: bool = True
    """Whether it counts as a new site; longer hours of an existing station never do."""


class PhaseInput(Table):
    """A part of the plan that is built before the next one."""

    name: Name
    """Name shown to readers, such as a year."""
    new: Annotated[int, Field(ge=0)] | None = None
    """Largest number of new sites of this phase; all phases have this, a budget, or both."""
    budget: Nonnegative | None = None
    """Largest cost of this phase, yuan. What a phase leaves is there for the next."""


class PlanInput(Table):
    """The question: how many new sites or how much money, and what must hold."""

    aim: Aim = "coverage"
    """What is wanted: most workers (`coverage`), the worst-served district served best, then the next (`fair`), the
    least cost, in yuan, that reaches `target_share` and `floor_share` (`cost`), most workers in the worst of
    `robustness_draws` draws of the demand (`worst`), or in no draw far fewer than its own best plan (`regret`), most
    workers served by stations of limited `capacity` (`served`), the shortest mean way to a station (`median`) or the
    shortest longest way (`center`)."""
    far_min: Positive | None = None
    """Minutes up to which ways to stations are looked at, and that count for who has none within them: with them the
    plan tells how long ways are. The aims `median` and `center` need them."""
    capacity: Nonnegative | None = None
    """Workers that a station serves in a time slot where neither its row nor its host says; for the aim `served`."""
    new: Annotated[int, Field(ge=0)] | None = None
    """Largest number of new sites; this, a budget, or both."""
    budget: Positive | None = None
    """Largest cost of all new sites, yuan."""
    phases: list[PhaseInput] = []
    """Phases, in order, instead of `new` and `budget`: the end is best, and its order makes each phase good."""
    required: list[str] = []
    """Ids of candidates that must be built; they count and cost."""
    forbidden: list[str] = []
    """Ids of candidates that may not be built."""
    preferred: list[str] = []
    """Ids of candidates that are preferred: each counts `preferred_workers` more."""
    preferred_workers: Nonnegative = 0.0
    """What a preferred site is worth in the choice besides whom it covers, workers."""
    closable: list[str] = []
    """Ids of existing stations that may close; without them all may, if any have to."""
    close: Annotated[int, Field(ge=0)] = 0
    """Existing stations that close, those that are missed least."""
    keep_coverage: bool = False
    """Whether no fewer workers may be covered than today, though stations close."""
    min_spacing_m: Nonnegative = 0.0
    """Least distance of a new site from any other station, in a straight line, m."""
    target_share: Share = 0.0
    """Share of all workers that the plan must cover."""
    cross_target_share: Share = 0.0
    """Share of all workers that at least two stations must cover."""
    backup_weight: Share = 0.0
    """Cross-coverage in the choice of sites: what a second station is worth, as a share of the first."""
    floor_share: Share = 0.0
    """Share of its workers that every district must reach."""
    frontier: list[Annotated[int, Field(ge=1)]] = []
    """Numbers of new sites, rising, for which the best coverage is told as a curve: `[5, 10, 20, 40]`."""
    robustness_draws: Annotated[int, Field(ge=0)] = 10
    """Draws of the uncertain demand that the question is asked of again, to tell how often each site is chosen."""
    explain: list[str] = []
    """Ids of candidates of which the plan should say why they are not proposed; `run --why-not ID` adds to them."""
    gap: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share by which the plan may fall short of the best, if it is to be found sooner; for the aim of coverage."""
    time_limit_s: Positive = 60.0
    """Seconds for the exact solver; when they run out the better of greedy and solver is returned with its bound."""

    @property
    def number(self) -> int | None:
        """The number of new sites of all phases together, ``None`` where it has no limit."""
        given = [phase.new for phase in self.phases if phase.new is not None]
        return sum(given) if given else self.new

    @property
    def money(self) -> float | None:
        """The money of all phases together, yuan, ``None`` where it has no limit."""
        given = [phase.budget for phase in self.phases if phase.budget is not None]
        return sum(given) if given else self.budget


def check_plan(plan: PlanInput, faults: FaultList, *, actions: bool, fades: bool, heat: bool) -> None:
    """Note what does not go together in a question, and why.

    ``actions``, ``fades`` and ``heat`` tell whether there are actions, groups with coverage that fades out, and heat
    that weighs in the choice.
    """
    _check_limits(plan, faults)
    _check_lists(plan, faults)
    if plan.aim == "cost" and not (plan.target_share or plan.floor_share):
        faults.add(
            say("The least cost is asked for, but not of what."),
            say("Give `target_share = 0.9`, `floor_share = 0.5`, or both."),
            key="plan.aim",
        )
    if plan.frontier != sorted(set(plan.frontier)):
        faults.add(
            say("The numbers of the frontier do not rise."),
            say("Write each number once, from the least to the most: `frontier = [5, 10, 20]`."),
            key="plan.frontier",
        )
    if plan.frontier and plan.phases:
        faults.add(
            say("A frontier has no meaning with phases: each phase has its own number."),
            say("Leave one of the two out."),
            key="plan.frontier",
        )
    alone = {
        "phases": bool(plan.phases),
        "backup_weight": plan.backup_weight > 0,
        "cross_target_share": plan.cross_target_share > 0,
        "target_share": plan.target_share > 0,
        "floor_share": plan.floor_share > 0,
        "preferred": bool(plan.preferred),
        "close": plan.close > 0,
        "min_spacing_m": plan.min_spacing_m > 0,
        "keep_coverage": plan.keep_coverage,
        "frontier": bool(plan.frontier),
        "new": plan.new is not None,
        "budget": plan.budget is not None,
    }
    own = {"actions": actions, "fade_min": fades}
    own_refused = plan.aim in ("cost", "worst", "regret", "served", *_WAYS)
    if plan.aim in ("worst", "regret") and not plan.robustness_draws:
        faults.add(
            say("The aim is about draws of the demand, and none are asked for."),
            say("Give `robustness_draws = 10`."),
            key="plan.robustness_draws",
        )
    for key, given in own.items():
        if given and own_refused:
            faults.add(
                say("`{key}` has no meaning with `aim = {aim}`.", key=key, aim=repr(plan.aim)),
                say("Leave it out, or ask for the most coverage: `aim = 'coverage'`."),
                key="plan.aim",
            )
    if heat and plan.aim == "served":
        faults.add(
            say("Room is for heads, and heat makes some of them count for more."),
            say("Leave out `heat`, or ask for the most coverage: `aim = 'coverage'`."),
            key="plan.aim",
        )
    _check_ways(plan, faults)
    over_draws = tuple(key for key in alone if key not in ("new", "budget"))
    refused: dict[str, tuple[str, ...]] = {
        "worst": over_draws,
        "regret": over_draws,
        "median": tuple(key for key in alone if key != "new"),
        "center": tuple(key for key in alone if key != "new"),
        "served": tuple(key for key in alone if key not in ("new", "budget", "floor_share")),
        "cost": tuple(key for key in alone if key not in ("target_share", "floor_share")),
        "fair": (
            "phases",
            "backup_weight",
            "preferred",
            "target_share",
            "cross_target_share",
            "keep_coverage",
            "frontier",
        ),
        "coverage": (),
    }
    for key in refused[plan.aim]:
        if alone[key]:
            faults.add(
                say("`{key}` has no meaning with `aim = {aim}`.", key=key, aim=repr(plan.aim)),
                say("Leave it out, or ask for the most coverage: `aim = 'coverage'`."),
                key=f"plan.{key}",
            )


def _check_ways(plan: PlanInput, faults: FaultList) -> None:
    """Note what a question about ways lacks."""
    if plan.aim in _WAYS and plan.far_min is None:
        faults.add(
            say("The aim is about ways to stations, however long, and nothing says how far is looked."),
            say("Give the minutes that count for who has no station within them: `far_min = 60`."),
            key="plan.far_min",
        )
    if plan.aim in _WAYS and plan.new is None:
        faults.add(say("The number of new sites is missing."), say("Give `new = 10`."), key="plan.new")


def _check_limits(plan: PlanInput, faults: FaultList) -> None:
    if plan.phases:
        if plan.new is not None or plan.budget is not None:
            faults.add(
                say("The plan has phases and also a number of new sites or a budget of its own."),
                say("Give `new` and `budget` for each phase only."),
                key="plan.phases",
            )
        for key, given in (
            ("new", [phase.new is not None for phase in plan.phases]),
            ("budget", [phase.budget is not None for phase in plan.phases]),
        ):
            if any(given) and not all(given):
                faults.add(
                    say("Some phases have `{key}` and some have none.", key=key),
                    say("Give it for all phases or for none."),
                    key="plan.phases",
                )
    if plan.aim not in ("cost", *_WAYS) and plan.number is None and plan.money is None:
        faults.add(
            say("The plan has neither a number of new sites nor a budget."),
            say("Give `new = 10` or `budget = 60000` (yuan), or both."),
            key="plan",
        )


def _check_lists(plan: PlanInput, faults: FaultList) -> None:
    for site in sorted(set(plan.required) & set(plan.forbidden)):
        faults.add(
            say("The site {site} is both required and forbidden.", site=site),
            say("Take it out of one of the two lists."),
            key="plan.required",
        )
    if bool(plan.preferred) != (plan.preferred_workers > 0):
        faults.add(
            say("`preferred` and `preferred_workers` come together."),
            say("Name the preferred sites, and the workers that each is worth more."),
            key="plan.preferred",
        )
    if (plan.closable or plan.keep_coverage) and not plan.close:
        faults.add(
            say("Stations may close, but none has to."),
            say("Say how many close: `close = 2`."),
            key="plan.close",
        )
