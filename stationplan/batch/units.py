"""The units of a batch: its prefectures or its counties."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from stationplan.domain import IntArray, LocalText, StudyArea
from stationplan.domain.base import Record
from stationplan.errors import FaultList, say

By = Literal["prefecture", "county"]
"""What a unit is: a prefecture with all its counties, or a county."""

_UNFIT = re.compile(r"[^\w\-]+")
"""Characters that are not used in folder names."""


UNITS_NAME = "units"
"""The folder of a batch that contains a folder for each unit."""


@dataclass(frozen=True, eq=False)
class Unit(Record):
    """A part of the study area that is planned separately; ``districts`` are row numbers of its districts.

    ``folder`` is the name of the folder of the unit, unique among units.
    """

    id: str
    name: LocalText
    folder: str
    districts: IntArray

    @property
    def home(self) -> str:
        """The folder of the unit, relative to that of the batch."""
        return f"{UNITS_NAME}/{self.folder}"


def units_of(area: StudyArea, by: By) -> list[Unit]:
    """Return the units of a study area, in the order of its districts.

    Raises
    ------
    InputError
        Units are prefectures, and some districts have no prefecture.

    >>> import stationplan as sp
    >>> plan = sp.run(sp.load_scenario("data/demo/scenario.toml"))
    >>> [unit.name.zh for unit in units_of(plan.area, "prefecture")]
    ['锦屏市', '安澜市']
    """
    rows = area.districts
    codes = rows["district_id"].astype(str).tolist()
    if by == "county":
        names = list(zip(rows["name"].astype(str), rows["name_en"].astype(str), strict=True))
        parts = [(code, LocalText(*name), [row]) for row, (code, name) in enumerate(zip(codes, names, strict=True))]
    else:
        prefectures = rows["prefecture"].astype(str).tolist()
        homeless = [code for code, prefecture in zip(codes, prefectures, strict=True) if not prefecture.strip()]
        if homeless:
            faults = FaultList()
            faults.add(
                say(
                    "{count} districts have no prefecture, such as {district}.",
                    count=len(homeless),
                    district=homeless[0],
                ),
                say("Set its column: `prefecture` under [area]; or use --by county."),
                key="area.prefecture",
            )
            faults.raise_any()
        parts = [
            (name, LocalText(name, name), [row for row, other in enumerate(prefectures) if other == name])
            for name in dict.fromkeys(prefectures)
        ]
    folders = folder_names([code for code, _, _ in parts])
    return [
        Unit(code, name, folder, np.array(members, dtype=np.int64))
        for (code, name, members), folder in zip(parts, folders, strict=True)
    ]


def folder_names(ids: list[str]) -> list[str]:
    """Return a folder name for each id; ids that differ only in unsuitable characters or case are numbered.

    >>> folder_names(["510104", "锦屏市", "a/b", "a b", "a_b-2"])
    ['510104', '锦屏市', 'a_b', 'a_b-2', 'a_b-2-2']
    """
    names: list[str] = []
    taken: set[str] = set()
    for one in ids:
        name = first = _UNFIT.sub("_", one).strip("_")[:60] or "unit"
        number = 1
        while name.casefold() in taken:
            number += 1
            name = f"{first}-{number}"
        taken.add(name.casefold())
        names.append(name)
    return names
