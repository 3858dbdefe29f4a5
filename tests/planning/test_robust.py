"""How often a site is chosen when the demand is otherwise, on a problem that can be read off."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from support.records import demand_of, group_of, sites_of

from stationplan.domain import Coverage
from stationplan.planning.robustness import robustness
from stationplan.scenario import PlanInput


def problem(draws, **asked):
    """Two cells and two candidates, each of which covers one of them; one may be built."""
    demand = demand_of(np.array([[[3.0]], [[2.0]]]), [group_of("walk")])
    record = type(demand)(**{**demand.__dict__, "draws": np.array(draws, dtype=np.float32)[:, :, None]})
    sites = sites_of([[True], [True]], [[True], [True]])
    sites = type(sites)(**{**sites.__dict__, "existing": np.zeros(2, dtype=bool)})
    rows = np.arange(2)
    zero = np.zeros(2, dtype=np.int64)
    coverage = Coverage(rows, zero, zero, np.array([3.0, 2.0]), sparse.csr_array(np.eye(2, dtype=bool)))
    plan = PlanInput.model_validate({"new": 1, **asked})
    return robustness(plan, record, sites, coverage, np.array([0]), districts=("A",))


def test_a_site_is_as_robust_as_the_draws_that_choose_it():
    found = problem([[3, 2], [4, 1], [1, 5], [3, 2.5]])
    assert found.share.tolist() == [0.75]
    assert (found.answered, found.unmet, found.undecided) == (4, 0, 0)


def test_only_as_many_draws_are_asked_as_wanted():
    assert problem([[3, 2], [1, 5]], robustness_draws=1).share.tolist() == [1.0]
    none = problem([[3, 2]], robustness_draws=0)
    assert np.isnan(none.share).all()
    assert none.answered == 0


def test_draws_that_miss_a_target_are_counted():
    found = problem([[3, 2], [3, 3]], target_share=0.6)  # 3 of 5 are enough, 3 of 6 are not
    assert (found.answered, found.unmet) == (1, 1)
    assert found.share.tolist() == [1.0]
