"""What happened to each record of the inputs, as values for programs and as sheets of a workbook."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from stationplan.documents.workbook import Sheet, write_sheets
from stationplan.domain import DatumDecision, Language, Quality
from stationplan.errors import Action, Fault
from stationplan.text.catalogue import translate, words
from stationplan.text.names import default_taken, role_name

Json = dict[str, object]

COUNTED: tuple[Action, ...] = ("set_aside", "merged", "repaired")
"""Outcomes that are counted for each table."""

LISTS = frozenset({"area.district_list", "candidates.forbidden_areas"})
"""Inputs that only filter other inputs; their records are not counted as records of the study."""


def action_names(lang: Language) -> dict[Action, str]:
    """Return the names of the possible outcomes of a record."""
    word = words(lang)
    return {
        "refused": word("Error, must be fixed"),
        "set_aside": word("Excluded"),
        "merged": word("Merged"),
        "repaired": word("Repaired"),
        "kept": word("Kept, please check"),
    }


def quality_document(
    quality: Sequence[Quality], datums: Sequence[DatumDecision], others: Sequence[Fault] = (), *, lang: Language
) -> Json:
    """Return the counts of records read and kept, every finding with its row and fix, and the datums, as JSON values.

    ``others`` are faults that belong to no table: of roads, of datums, or of files that could not be read.
    """
    return {
        "rows": sum(item.rows for item in quality if item.role not in LISTS),
        "kept": sum(item.kept for item in quality if item.role not in LISTS),
        "findings": [
            *(_finding(item.role, item.file, finding, lang) for item in quality for finding in item.findings),
            *(_finding(None, None, fault, lang) for fault in others),
        ],
        "tables": [
            {
                "role": item.role,
                "file": item.file,
                "sheet": item.sheet,
                "rows": item.rows,
                "kept": item.kept,
                **{action: item.count(action) for action in COUNTED},
                "columns": [{"header": use.header, "field": use.field or None, "why": use.why} for use in item.columns],
                "defaults": [
                    {"field": taken.field, "rows": taken.rows, "source": taken.source, "value": taken.value or None}
                    for taken in item.defaults
                ],
            }
            for item in quality
        ],
        "datums": datum_document(datums, lang=lang),
    }


def _finding(role: str | None, file: str | None, finding: Fault, lang: Language) -> Json:
    """Return one finding as JSON values; ``details`` holds the values of its message."""
    values = finding.what.values.items()
    return {
        "role": role,
        "file": finding.file or file,
        "key": finding.key,
        "sheet": finding.sheet,
        "row": finding.row,
        "code": finding.code,
        "action": finding.action,
        "message": translate(finding.what, lang),
        "cure": translate(finding.cure, lang),
        "details": {key: value for key, value in values if _plain(value)},
    }


def defaults_line(item: Quality, lang: Language) -> str:
    """Return how many records of an input took which values from elsewhere, in one line; empty if none did."""
    return " ".join(translate(default_taken(taken), lang) for taken in item.defaults)


def _plain(value: object) -> bool:
    return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def datum_document(datums: Sequence[DatumDecision], *, lang: Language = "en") -> list[Json]:
    """Return the decisions on datums and their reasons as JSON values; medians are in metres."""
    return [
        {
            "role": item.role,
            "declared": item.declared or None,
            "used": item.used or None,
            "doubtful": item.doubtful,
            "medians_m": {datum: round(metres, 1) for datum, metres in item.medians_m.items()},
            "reason": translate(item.reason, lang),
        }
        for item in datums
    ]


def columns_text(quality: Quality, lang: Language) -> str:
    """Return what each column of a table is read as, in one line; empty for an input without columns."""
    word = words(lang)
    shown = []
    for use in quality.columns:
        if use.why == "unused":
            shown.append(word("{column}: not used", column=use.header))
        elif use.why == "passed":
            shown.append(word("{column}: copied to the outputs", column=use.header))
        elif use.why == "withheld":
            shown.append(word("{column}: withheld, contacts", column=use.header))
        elif use.why == "configured":
            shown.append(word("{column}: {field} (set)", column=use.header, field=use.field))
        else:
            shown.append(word("{column}: {field}", column=use.header, field=use.field))
    return "; ".join(shown)


def quality_sheets(
    quality: Sequence[Quality], datums: Sequence[DatumDecision], lang: Language, others: Sequence[Fault] = ()
) -> list[Sheet]:
    """Return the sheets of data quality: every finding, and a summary of tables and datums."""
    word = words(lang)
    names = action_names(lang)
    findings = Sheet(
        word("Data quality"),
        [
            (word("File"), "text", 22),
            (word("Sheet"), "text", 12),
            (word("Row"), "whole", 8),
            (word("Outcome"), "text", 14),
            (word("Finding"), "text", 60),
            (word("How to fix it"), "text", 60),
            (word("Error code"), "text", 18),
        ],
        [
            [
                finding.file or file,
                finding.sheet or "",
                "" if finding.row is None else finding.row,
                names[finding.action],
                translate(finding.what, lang),
                translate(finding.cure, lang),
                finding.code,
            ]
            for file, finding in (
                *((item.file, finding) for item in quality for finding in item.findings),
                *(("", fault) for fault in others),
            )
        ],
    )
    reasons = {item.role: translate(item.reason, lang) for item in datums}
    tables = Sheet(
        word("Inputs"),
        [
            (word("File"), "text", 26),
            (word("Sheet"), "text", 12),
            (word("Records"), "whole", 10),
            (word("Kept"), "whole", 10),
            *((names[action], "whole", 10) for action in COUNTED),
            (word("Datum"), "text", 80),
            (word("Columns"), "text", 80),
            (word("Values not stated"), "text", 80),
        ],
        [
            [
                item.file or translate(role_name(item.role), lang),
                item.sheet or "",
                item.rows,
                item.kept,
                *(item.count(action) for action in COUNTED),
                reasons.get(item.role, ""),
                columns_text(item, lang),
                defaults_line(item, lang),
            ]
            for item in quality
        ],
    )
    return [findings, tables]


def write_quality_workbook(
    quality: Sequence[Quality],
    datums: Sequence[DatumDecision],
    others: Sequence[Fault],
    path: Path,
    *,
    lang: Language,
) -> None:
    """Write the sheets of data quality as a workbook."""
    write_sheets(path, quality_sheets(quality, datums, lang, others), title=words(lang)("Data quality"))
