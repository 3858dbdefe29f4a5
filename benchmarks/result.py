"""One row of a benchmark."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """What was measured: ``ratio`` is peer (or limit) over ours, so larger is better."""

    case: str
    ours: str
    peer: str
    ratio: float
    wanted: str
    exact: str = ""
