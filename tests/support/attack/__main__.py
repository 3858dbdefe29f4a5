"""``python -m support.attack``: many attacks, and a table of their kinds at the end."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from support.attack import inputs, keys, kills, lifecycles
from support.attack.trial import Outcome


def main() -> int:
    """Run the attacks, print each fault as it is found, and the table; return 1 if there are faults."""
    parser = argparse.ArgumentParser(prog="python -m support.attack", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1200, help="mutants of input files")
    parser.add_argument("--keys", type=int, default=300, help="values of scenario keys")
    parser.add_argument("--kills", type=int, default=150, help="signals at random moments")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    found: dict[str, list[Outcome]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="attack.") as place:
        home = Path(place)
        for outcome in (
            *lifecycles.attacks(home / "machine"),
            *kills.attacks(home / "kills", given.kills, given.seed),
            *inputs.attacks(home / "inputs", given.inputs, given.seed),
            *keys.attacks(home / "keys", given.keys, given.seed),
        ):
            found[outcome.kind].append(outcome)
            if outcome.fault:
                sys.stdout.write(f"{outcome.kind} {outcome.what}: {outcome.fault}\n")
                sys.stdout.flush()
    sys.stdout.write(f"\n{'kind':<28}{'tried':>7}{'faults':>8}{'peak MB':>9}{'longest s':>11}\n")
    for kind, outcomes in sorted(found.items()):
        faults = sum(bool(outcome.fault) for outcome in outcomes)
        peak = max(outcome.peak_mb for outcome in outcomes)
        longest = max(outcome.seconds for outcome in outcomes)
        sys.stdout.write(f"{kind:<28}{len(outcomes):>7}{faults:>8}{peak:>9.0f}{longest:>11.1f}\n")
    return int(any(outcome.fault for outcomes in found.values() for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
