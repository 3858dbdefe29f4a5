"""Lists that several outputs of a plan show in the same order."""

from __future__ import annotations

from stationplan.domain import Language, Plan
from stationplan.figures.coverage import Change, by_district, by_group, by_slot, overall
from stationplan.text.catalogue import translate, words
from stationplan.text.names import district_name


def plan_notes(plan: Plan, lang: Language) -> list[str]:
    """Return the notes of a study, such as records that were excluded, and the sources of its roads."""
    sources = [words(lang)("Roads: {source}", source=source) for source in plan.study.sources]
    return [*(translate(note, lang) for note in plan.study.notes), *sources]


def coverage_parts(plan: Plan, lang: Language) -> list[tuple[str, list[tuple[str, Change]]]]:
    """Return (part, [(name, change)]) for the whole study, districts, groups and slots."""
    word = words(lang)
    demand = plan.demand
    return [
        (word("Overall"), [(plan.study.name.in_language(lang), overall(plan))]),
        (word("District"), [(district_name(plan, change.index, lang), change) for change in by_district(plan)]),
        (word("Group"), [(demand.groups[change.index].name.in_language(lang), change) for change in by_group(plan)]),
        (word("Time slot"), [(demand.slots[change.index].name.in_language(lang), change) for change in by_slot(plan)]),
    ]
