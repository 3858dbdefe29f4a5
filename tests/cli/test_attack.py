"""A share of the attacks of ``make attack``; what they find becomes a test of its kind elsewhere."""

from __future__ import annotations

import sys

import pytest
from support.attack import inputs, keys, kills, lifecycles

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses signals and resources of POSIX")


def faults(outcomes):
    tried = list(outcomes)
    assert tried
    return [f"{outcome.kind} {outcome.what}: {outcome.fault}" for outcome in tried if outcome.fault]


def test_faults_of_the_machine_are_told(tmp_path):
    assert faults(lifecycles.attacks(tmp_path)) == []


def test_a_kill_leaves_whole_results(tmp_path):
    assert faults(kills.attacks(tmp_path, 3, seed=1)) == []


def test_mutants_of_inputs_are_read_or_refused(tmp_path):
    assert faults(inputs.attacks(tmp_path, 17, seed=1)) == []


def test_hostile_values_of_keys_are_read_or_refused(tmp_path):
    assert faults(keys.attacks(tmp_path, 3, seed=1)) == []
