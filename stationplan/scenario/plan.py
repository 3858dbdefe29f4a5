"""The planning problem of a scenario: the aim, the limits and the constraints."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Protocol

from pydantic import Field

from stationplan.domain import Kind
from stationplan.errors import FaultList, say
from stationplan.scenario.fields import (
    Count,
    Draws,
    Identifier,
    Name,
    Nonnegative,
    OpeningText,
    Positive,
    ScenarioTable,
    Share,
)


class ActionInput(ScenarioTable):
    """An alternative for a place: a smaller or a mobile station, other hours, longer hours of an existing station."""

    name: Name
    """Name shown to readers."""
    at: Literal["candidates", "stations"] = "candidates"
    """Where it applies: at candidates, instead of their host's own station, or at existing stations."""
    hosts: list[Identifier] = []
    """Hosts at which it applies; default: all."""
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


class PhaseInput(ScenarioTable):
    """A part of the plan that is built before the next one."""

    name: Name
    """Name shown to readers, such as a year."""
    new: Count | None = None
    """Largest number of new sites of this phase; all phases have this, a budget, or both."""
    budget: Nonnegative | None = None
    """Largest cost of this phase, yuan. What a phase does not spend is available to the next."""


class PlanInput(ScenarioTable):
    """The planning problem: the number of new sites or the budget, and the constraints."""

    aim: str = "coverage"
    """What the plan optimises; the aims are listed at the end of the page."""
    far_min: Positive | None = None
    """Largest travel time to stations that is measured, minutes; workers without a station within it count with it.
    The plan then reports travel times. The aims `median` and `center` require it."""
    capacity: Nonnegative | None = None
    """Workers that a station serves in a time slot where neither its row nor its host says; for the aim `served`."""
    new: Count | None = None
    """Largest number of new sites; this, a budget, or both."""
    budget: Positive | None = None
    """Largest cost of all new sites, yuan."""
    phases: list[PhaseInput] = []
    """Phases, in order, instead of `new` and `budget`: the final plan is optimised, then its order by phase."""
    required: list[str] = []
    """Ids of candidates that must be built; they count and cost."""
    forbidden: list[str] = []
    """Ids of candidates that may not be built."""
    preferred: list[str] = []
    """Ids of candidates that are preferred: each counts `preferred_workers` more."""
    preferred_workers: Nonnegative = 0.0
    """Weight of a preferred site in the choice, in addition to the workers whom it covers, workers."""
    closable: list[str] = []
    """Ids of existing stations that may close; without them all may, if any have to."""
    close: Count = 0
    """Number of existing stations to close, those whose loss costs least."""
    keep_coverage: bool = False
    """Whether at least as many workers as today must be covered when stations close."""
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
    frontier: list[Annotated[int, Field(ge=1, le=1_000_000_000)]] = []
    """Numbers of new sites, increasing, for which the best coverage is reported as a curve: `[5, 10, 20, 40]`."""
    robustness_draws: Draws = 10
    """Draws of the uncertain demand for which sites are chosen again, to report how often each site is chosen."""
    explain: list[str] = []
    """Ids of candidates for which the plan explains why they are not proposed; `run --why-not ID` adds to them."""
    gap: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share by which the plan may fall short of the best, if it is to be found sooner; for the aim of coverage."""
    time_limit_s: Positive = 60.0
    """Seconds for the exact solver; when they run out the better of greedy and solver is returned with its bound."""

    @property
    def number(self) -> int | None:
        """Number of new sites of all phases together, ``None`` where it is not limited."""
        given = [phase.new for phase in self.phases if phase.new is not None]
        return sum(given) if given else self.new

    @property
    def money(self) -> float | None:
        """Budget of all phases together (yuan), ``None`` where it is not limited."""
        given = [phase.budget for phase in self.phases if phase.budget is not None]
        return sum(given) if given else self.budget


class AimRules(Protocol):
    """What an aim requires and rejects in a scenario; the aims themselves are in :mod:`stationplan.planning.aims`."""

    id: ClassVar[str]
    needs_capacity: ClassVar[bool]

    def check(self, plan: PlanInput, given: Mapping[str, bool], faults: FaultList) -> None:
        """Record what the aim lacks, and keys that have no meaning with it.

        ``given`` states for each key of :func:`given_keys` whether the scenario sets it.
        """


def given_keys(plan: PlanInput, *, actions: bool, fades: bool, heat: bool) -> dict[str, bool]:
    """Return, by key, whether a scenario sets an option that an aim may reject.

    ``actions``, ``fades`` and ``heat`` say whether there are actions, groups with gradual coverage, and heat that
    weights the choice of sites.
    """
    return {
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
        "actions": actions,
        "fade_min": fades,
        "heat": heat,
    }


def check_plan(plan: PlanInput, given: Mapping[str, bool], aims: Mapping[str, AimRules], faults: FaultList) -> None:
    """Record contradictions within the planning problem, and what its aim lacks or rejects.

    ``given`` is the result of :func:`given_keys`. ``aims`` are the known aims by id; without any, the aim is not
    checked.
    """
    _check_phases(plan, faults)
    _check_lists(plan, faults)
    if plan.frontier != sorted(set(plan.frontier)):
        faults.add(
            say("The values of `frontier` must increase."),
            say("List each number once in ascending order: `frontier = [5, 10, 20]`."),
            key="plan.frontier",
        )
    if plan.frontier and plan.phases:
        faults.add(
            say("`frontier` cannot be combined with phases, which set their own numbers."),
            say("Remove one of the two."),
            key="plan.frontier",
        )
    if plan.aim in aims:
        aims[plan.aim].check(plan, given, faults)
    elif aims:
        near = difflib.get_close_matches(plan.aim, aims, n=1, cutoff=0.5)
        faults.add(
            say("{found} is not allowed here.", found=repr(plan.aim)),
            say("Did you mean {near}?", near=repr(near[0]))
            if near
            else say("Allowed: {allowed}.", allowed=", ".join(map(repr, aims))),
            key="plan.aim",
        )


def _check_phases(plan: PlanInput, faults: FaultList) -> None:
    if plan.phases:
        if plan.new is not None or plan.budget is not None:
            faults.add(
                say("The plan has phases and also its own number of new sites or budget."),
                say("Set `new` and `budget` for each phase only."),
                key="plan.phases",
            )
        for key, given in (
            ("new", [phase.new is not None for phase in plan.phases]),
            ("budget", [phase.budget is not None for phase in plan.phases]),
        ):
            if any(given) and not all(given):
                faults.add(
                    say("Some phases have `{key}` and others do not.", key=key),
                    say("Set it for all phases or for none."),
                    key="plan.phases",
                )


def _check_lists(plan: PlanInput, faults: FaultList) -> None:
    for site in sorted(set(plan.required) & set(plan.forbidden)):
        faults.add(
            say("The site {site} is both required and forbidden.", site=site),
            say("Remove it from one of the two lists."),
            key="plan.required",
        )
    if bool(plan.preferred) != (plan.preferred_workers > 0):
        faults.add(
            say("`preferred` and `preferred_workers` must be set together."),
            say("Set the preferred sites, and the number of workers that each is worth."),
            key="plan.preferred",
        )
    if (plan.closable or plan.keep_coverage) and not plan.close:
        faults.add(
            say("Stations may close, but no closure is requested."),
            say("Set how many close: `close = 2`."),
            key="plan.close",
        )
