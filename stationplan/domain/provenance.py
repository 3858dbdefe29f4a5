"""Records of the origin of a study: its inputs, their quality and datums, and the options of its map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from stationplan.errors import Action, Fault, Message

DefaultSource = Literal["host", "same_as_host", "rule", "unknown_host", "unknown_default", "unknown_closed", "closed"]
"""Where a value comes from that a record does not state itself.

``host``: its host type, as the field is empty; ``same_as_host``: its host type, as the record refers to it; ``rule``: a
fixed value, as there is no host type either. Of hours that are not known: ``unknown_host``, those of the host type;
``unknown_default``, those of the scenario; ``unknown_closed``, none. ``closed``: the record says that it is closed.
"""


@dataclass(frozen=True)
class DefaultTaken:
    """The number of kept ``rows`` of an input whose ``field`` took a value from one source.

    ``field`` is hours, cost, kind or capacity; ``value`` is the value taken where it is one for all rows, else empty.
    """

    field: str
    rows: int
    source: DefaultSource
    value: str = ""


@dataclass(frozen=True)
class ColumnUse:
    """How one column of a table is used: the field that it is read as (empty: none), and why.

    ``recognised`` by its header, ``configured`` in the scenario, or ``unused``. Of the columns that no field uses,
    ``passed`` ones are copied to the outputs, and ``withheld`` ones are not, as they hold contacts.
    """

    header: str
    field: str
    why: Literal["recognised", "configured", "unused", "passed", "withheld"]


@dataclass(frozen=True)
class Quality:
    """What happened to the records of one input.

    The file (or sheet, or query) has ``rows`` records, of which ``kept`` are used in the study. ``findings`` report, by
    row, what was repaired, merged or excluded, or is worth checking. A record without a finding was kept unchanged.
    ``columns`` lists every column of a table, ``defaults`` count the kept records that took a value from elsewhere.
    ``sha256`` is the hash of the content of a source that is not a file.
    """

    role: str
    file: str
    sheet: str | None
    rows: int
    kept: int
    findings: tuple[Fault, ...]
    sha256: str = ""
    columns: tuple[ColumnUse, ...] = ()
    defaults: tuple[DefaultTaken, ...] = ()

    def count(self, action: Action) -> int:
        """Return how many records an action was applied to; a row with several findings counts once."""
        found = [finding for finding in self.findings if finding.action == action]
        rows = {(finding.sheet, finding.row) for finding in found if finding.row is not None}
        counts = [finding.what.values.get("count", 1) for finding in found if finding.row is None]
        return len(rows) + sum(count for count in counts if isinstance(count, int))


@dataclass(frozen=True)
class DatumDecision:
    """The datum that was assumed for the coordinates of an input, and why.

    ``declared`` is the datum that the scenario states (empty: none); ``medians_m`` holds, where evidence was evaluated,
    the median distance (m) that remains under each datum; ``used`` is empty where no datum could be determined.
    ``doubtful``: the evidence contradicts the declared datum.
    """

    role: str
    declared: str
    used: str
    reason: Message
    medians_m: Mapping[str, float]
    doubtful: bool


@dataclass(frozen=True)
class InputFile:
    """An input file of a plan: its path as written in the scenario, its SHA-256, its role and its datum."""

    path: str
    sha256: str
    role: str
    datum: str


@dataclass(frozen=True)
class MapOptions:
    """What the map page shows in addition to the plan.

    ``tiles`` is the name of an online map, a URL of tiles, or empty for none. ``review_number`` (审图号) is shown on
    the map instead of the mark for internal use.
    """

    tiles: str = ""
    tiles_key: str = ""
    tiles_datum: str = ""
    tiles_attribution: str = ""
    review_number: str = ""
