"""The rules of a coverage problem, stated once: keyword arguments that all coverage models share."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TypedDict

from numpy.typing import ArrayLike


class CoverageRules(TypedDict, total=False):
    """Which sites may be chosen and what they count: keyword arguments of the coverage models, all optional.

    Sites are given as a mask, [site], or as indices. A site is new unless it is ``existing``; new sites count and cost,
    existing ones do not.

    Attributes
    ----------
    counted
        Sites that count towards ``p``; default: all.
    costs
        Cost of each new site, finite and >= 0, in the unit of ``budget``, which needs them; default: 1 each.
    existing
        Sites that stand already: free of cost and count, and kept; default: none.
    closable, close
        Existing sites that may close, and how many of them do; default: none, 0.
    required, forbidden
        Sites that must, or may not, be chosen; required ones count and cost; default: none.
    place
        A whole number for each site; at most one new site with the same number >= 0 is chosen; default: -1 each.
    apart
        [pair x 2] indices of sites of which not both may stand, unless both stand today; default: none.
    bonus
        Weight that a new site is worth besides what it covers, finite and >= 0, to prefer it; default: 0 each.
    backup
        Share of a row's weight that its second station counts, from 0 to 1; default: 0.
    gradual
        Whether ``cover`` holds the share of each row that a site covers, in [0, 1]; default: an entry other than 0
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
        Equity floors, which come together: ``district[row]`` indexes ``floor``, the least covered weight there,
        finite and >= 0; default: none.
    target, backup_target
        Least weight covered in all, by one station and by a second one, in the unit of ``weights``; default: 0.
    """

    district: ArrayLike | None
    floor: ArrayLike | None
    target: float
    backup_target: float


def refuse_unknown(rules: Mapping[str, object], kind: type[CoverageRules]) -> None:
    """Raise ``TypeError`` for the first keyword argument that is no rule of a kind; Python itself accepts any."""
    names = sorted(kind.__annotations__)  # inherited ones too
    for name in rules:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise TypeError(f"unexpected keyword argument {name!r}: {hint}the rules are {', '.join(names)}")
