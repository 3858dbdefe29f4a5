"""The rules of a coverage problem: keyword arguments shared by all coverage models, defined once."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TypedDict

from numpy.typing import ArrayLike


class CoverageRules(TypedDict, total=False):
    """Which sites may be chosen and how they count: keyword arguments of the coverage models, all optional.

    Sites are given as a mask, [site], or as indices. A site is new unless it is ``existing``; new sites count towards
    ``p`` and cost, existing ones do not.

    Attributes
    ----------
    counted
        Sites that count towards ``p``; default: all.
    costs
        Cost of each new site, finite and >= 0, in the unit of ``budget``, which requires it; default: 1 each.
    existing
        Sites that already exist: they are kept, do not count and cost nothing; default: none.
    closable, close
        Existing sites that may close, and how many of them close; default: none, 0.
    required, forbidden
        Sites that must be chosen, or must not be; required ones count and cost; default: none.
    place
        An integer for each site; at most one new site with the same number >= 0 is chosen; default: -1 each.
    apart
        [pair x 2] indices of sites of which at most one may be used, unless both are existing; default: none.
    bonus
        Weight of a new site in addition to what it covers, finite and >= 0, to prefer it; default: 0 each.
    backup
        Share of the weight of a row that its second station adds, from 0 to 1; default: 0.
    gradual
        Whether ``cover`` holds the share of each row that a site covers, in [0, 1]; default: any entry other than 0
        covers the whole row.
    """

    counted: ArrayLike | None
    costs: ArrayLike | None
    existing: ArrayLike | None
    closable: ArrayLike | None
    close: int
    required: ArrayLike | None
    forbidden: ArrayLike | None
    place: ArrayLike | None
    apart: ArrayLike | None
    bonus: ArrayLike | None
    backup: float
    gradual: bool


class CoverageRequirements(CoverageRules, total=False):
    """The rules of :class:`CoverageRules`, and the coverage that is required: keyword arguments, all optional.

    See ``help(stationplan.siting.CoverageRules)`` for the rules.

    Attributes
    ----------
    district, floor
        Equity floors, to be given together: ``district[row]`` indexes ``floor``, the least covered weight of a
        district, finite and >= 0; default: none.
    target, backup_target
        Least weight covered in total, by one station and by a second one, in the unit of ``weights``; default: 0.
    """

    district: ArrayLike | None
    floor: ArrayLike | None
    target: float
    backup_target: float


def refuse_unknown(rules: Mapping[str, object], kind: type[CoverageRules]) -> None:
    """Raise for the first keyword argument that is not a rule of the given kind, since Python itself accepts any.

    Raises
    ------
    TypeError
        A keyword argument is not a rule; the message lists the rules.
    """
    names = sorted(kind.__annotations__)  # inherited ones too
    for name in rules:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise TypeError(f"unexpected keyword argument {name!r}: {hint}the rules are {', '.join(names)}")
