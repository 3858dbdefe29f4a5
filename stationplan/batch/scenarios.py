"""Several scenarios planned for the same units and compared side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from stationplan.api.output import MAP_NAME
from stationplan.batch.allocation import Allocation
from stationplan.batch.folder import Storage, storage_at, write_texts
from stationplan.batch.league import CSV_FIELDS, League, csv_rows, csv_text
from stationplan.batch.pages import INDEX_NAME, render_map, row_texts
from stationplan.batch.run import Batch, Told, refuse, run_batch
from stationplan.batch.unit_results import Row
from stationplan.batch.units import UNITS_NAME, By, folder_names
from stationplan.documents.template import fill_page
from stationplan.documents.workbook import Sheet, write_sheets
from stationplan.domain import Language
from stationplan.planning.progress import Progress
from stationplan.report.coverage_section import share_text
from stationplan.scenario import Scenario
from stationplan.text.catalogue import number, words


def run_batches(
    scenarios: Sequence[Scenario],
    out: str | Path,
    *,
    by: By,
    allocate: Allocation | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    lang: Language = "zh",
    progress: Progress | None = None,
    told: Told | None = None,
) -> list[Batch]:
    """Plan every unit in each of several scenarios and compare them side by side in ``out``, a folder or its URL.

    A single scenario is written as by :func:`run_batch`. Each of several scenarios has such a folder, named after its
    file; ``league.csv`` and ``league.xlsx`` contain the units of all scenarios, and ``index.html`` and ``map.html``
    show them side by side.

    Raises
    ------
    InputError, InfeasibleError, UndecidedError, ServiceError
        As for :func:`run_batch`.
    """
    folders = folder_names([scenario.path.stem for scenario in scenarios])
    places: list[str | Path] = [out]
    storage = storage_at(out)
    if len(scenarios) > 1:
        _refuse_strangers(storage, folders)
        places = [out / folder if isinstance(out, Path) else f"{out.rstrip('/')}/{folder}" for folder in folders]
    made = [
        run_batch(
            scenario,
            place,
            by=by,
            allocate=allocate,
            workers=workers,
            scheduler=scheduler,
            lang=lang,
            progress=progress,
            told=told,
        )
        for scenario, place in zip(scenarios, places, strict=True)
    ]
    if len(made) > 1:
        _write(dict(zip(folders, (batch.league for batch in made), strict=True)), storage, lang)
    return made


def _write(leagues: Mapping[str, League], storage: Storage, lang: Language) -> None:
    """Write the files about all scenarios; the keys of ``leagues`` are the folders of their scenarios."""
    rows: list[list[object]] = [["scenario", *CSV_FIELDS]]
    rows += ([name, *row] for name, league in leagues.items() for row in csv_rows(league))
    with storage.writing("league.xlsx") as draft:
        write_sheets(draft, [_sheet(leagues, lang)], title=next(iter(leagues.values())).name.in_language(lang))
    texts = {
        "league.csv": "\ufeff" + csv_text(rows),
        INDEX_NAME: _index(leagues, lang),
        MAP_NAME: render_map(list(leagues.values()), [f"{quote(name)}/" for name in leagues], lang=lang),
    }
    write_texts(storage, texts)


def _refuse_strangers(storage: Storage, folders: Sequence[str]) -> None:
    """Raise if a folder contains anything but batches of these or other scenarios."""
    storage.prove()
    files = {name for name in League.NAMES if name != "manifest.json"}
    strangers = [
        name
        for name in storage.names()
        if name not in {*files, *folders} and not (name.startswith(".") and name.endswith(".part"))
    ]
    inside = storage.folders("") if strangers else {}
    refuse(storage, [name for name in strangers if UNITS_NAME not in inside.get(name, ())])


def _units(leagues: Mapping[str, League]) -> list[tuple[str, dict[str, Row]]]:
    """Return every unit with its rows by scenario, for scenarios with a plan for it, in the order of the units."""
    units = dict.fromkeys(unit for league in leagues.values() for unit in league.names)
    return [
        (unit, {name: league.by_unit[unit] for name, league in leagues.items() if unit in league.by_unit})
        for unit in units
    ]


def _name(leagues: Mapping[str, League], unit: str, lang: Language) -> str:
    return next(league.names[unit] for league in leagues.values() if unit in league.names).in_language(lang)


def _sheet(leagues: Mapping[str, League], lang: Language) -> Sheet:
    word = words(lang)
    columns = [(word("Unit"), "text", 14), (word("Name"), "text", 24), (word("Workers"), "tenth", 12)]
    columns.append((word("Share today"), "share", 12))
    for league in leagues.values():
        name = league.name.in_language(lang)
        columns += [
            (word("{scenario}: share with the plan", scenario=name), "share", 16),
            (word("{scenario}: new sites", scenario=name), "whole", 12),
            (word("{scenario}: cost (yuan)", scenario=name), "whole", 14),
        ]
    rows = []
    for unit, found in _units(leagues):
        first = next(iter(found.values()), None)
        row: list[object] = [unit, _name(leagues, unit, lang), first and first.workers, first and first.share_before]
        for scenario in leagues:
            mine = found.get(scenario)
            row += [mine and mine.share_after, mine and mine.new_sites, mine and mine.cost]
        rows.append(row)
    return Sheet(word("League table"), columns, rows)


def _index(leagues: Mapping[str, League], lang: Language) -> str:
    """Return the index page of all scenarios: the totals of each, and each unit in all of them."""
    first = next(iter(leagues.values()))
    return fill_page(
        "scenarios.html.j2",
        first,
        lang,
        map_page=MAP_NAME,
        scenarios=[
            {
                **row_texts(league.total),
                "name": league.name.in_language(lang),
                "page": f"{name}/{INDEX_NAME}",
                "failed": number(len(league.failed)) if league.failed else "",
            }
            for name, league in leagues.items()
        ],
        units=[
            {
                "name": _name(leagues, unit, lang),
                "workers": number(next(iter(found.values())).workers) if found else "–",
                "before": share_text(next(iter(found.values())).share_before) if found else "–",
                "cells": [_cell(name, found, lang) for name in leagues],
            }
            for unit, found in _units(leagues)
        ],
    )


def _cell(scenario: str, found: Mapping[str, Row], lang: Language) -> dict[str, object]:
    """Return the result of a unit in a scenario, and whether no other scenario is better for it."""
    word, row = words(lang), found.get(scenario)
    if row is None:
        return {"share": word("No plan"), "note": "", "map": "", "best": False}
    best = max((other.share_after or 0.0 for other in found.values()), default=0.0)
    return {
        "share": share_text(row.share_after),
        "note": word("{count} new, {cost} yuan", count=number(row.new_sites), cost=number(row.cost)),
        "map": f"{scenario}/{row.home}/{MAP_NAME}",
        "best": len(found) > 1 and row.share_after is not None and row.share_after >= best - 1e-9,
    }
