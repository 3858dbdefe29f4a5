"""Records of where a study comes from: its inputs, their quality, their datums, and what its map shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stationplan.errors import Action, Fault, Message


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
