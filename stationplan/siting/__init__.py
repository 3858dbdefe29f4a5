"""Siting models on plain matrices [demand x site], each with a proven bound, independent of roads, files and maps.

>>> from stationplan.siting import max_coverage
>>> max_coverage([[1, 0], [0, 1]], [3, 4], p=1).sites.tolist()
[1]
"""

from __future__ import annotations

from stationplan.siting.base.highs import SEED as SOLVER_SEED
from stationplan.siting.base.rules import CoverageRequirements, CoverageRules
from stationplan.siting.capacitated.capacity import assign, capacitated_coverage
from stationplan.siting.lscp.minimum import min_stations, most_coverable
from stationplan.siting.mclp.fairness import fair_coverage
from stationplan.siting.mclp.frontier import frontier
from stationplan.siting.mclp.maximal import best_floor, max_coverage, most_backed
from stationplan.siting.mclp.phases import phased_coverage
from stationplan.siting.mclp.robust import robust_coverage
from stationplan.siting.pcenter.center import p_center
from stationplan.siting.pmedian.median import p_median

__all__ = [
    "SOLVER_SEED",
    "CoverageRequirements",
    "CoverageRules",
    "assign",
    "best_floor",
    "capacitated_coverage",
    "fair_coverage",
    "frontier",
    "max_coverage",
    "min_stations",
    "most_backed",
    "most_coverable",
    "p_center",
    "p_median",
    "phased_coverage",
    "robust_coverage",
]
