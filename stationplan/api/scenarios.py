"""The Python API of scenario files: read, completed with defaults, and checked with every registered aim."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stationplan.planning.aims import AIMS
from stationplan.scenario import Purpose, Scenario, read_scenario


def load_scenario(
    path: str | Path,
    *,
    data: str | Path | None = None,
    undeclared_datums: bool = False,
    purpose: Purpose | None = "plan",
    explain: Sequence[str] = (),
) -> Scenario:
    """Return the checked scenario of a TOML file.

    Input paths are looked up in ``data`` if given, then in the folder of the file. With ``undeclared_datums`` the
    datum of an input may be missing, so that it can be detected; such a scenario cannot be run. For the purpose
    ``density``, roads, candidates and plan may be absent; with ``None``, a scenario with neither candidates nor a plan
    is taken to be for that purpose. ``explain`` adds ids of sites to ``[plan] explain``.

    Raises
    ------
    InputError
        The file is missing, is not TOML, or violates the schema; all faults are reported together.
    """
    return read_scenario(
        path, aims=AIMS, data=data, undeclared_datums=undeclared_datums, purpose=purpose, explain=explain
    )
