"""The validation of a demand surface, as one printable HTML page without scripts."""

from __future__ import annotations

import math

import numpy as np
import shapely

from stationplan.documents.charts import bars, paired_bars, residual_map, scatter
from stationplan.documents.template import fill_page
from stationplan.domain import Demand, Density, GroupSurface, Language, Learned, Scores, Surface
from stationplan.planning.intervals import likely_range
from stationplan.text.catalogue import number, percent, translate, words
from stationplan.text.names import way_names

_MOST_DISTRICTS = 200
_MOST_FEATURES = 15

Row = dict[str, object]


def render_validation(density: Density, *, lang: Language = "zh") -> str:
    """Return the validation page; the same surface gives the same bytes."""
    word = words(lang)
    surface = density.surface
    names = [group.name.in_language(lang) for group in density.demand.groups]
    return fill_page(
        "validation.html.j2",
        density.study,
        lang,
        groups=[_group(surface, density.demand, g, lang) for g in range(len(names))],
        learned=[
            _learned(density, made, made.learned, name, lang)
            for made, name in zip(surface.groups, names, strict=True)
            if made.learned is not None
        ],
        districts=_districts(density, names, lang),
        features=[
            {"name": name, "unit": unit, "source": source}
            for name, unit, source in zip(
                surface.features.names, surface.features.units, surface.features.sources, strict=True
            )
        ],
        missing=[translate(message, lang) for message in surface.features.missing],
        notes=[
            *(translate(note, lang) for note in density.study.notes),
            *(word("Roads: {source}", source=source) for source in density.study.sources),
        ],
        totals_from="" if surface.totals is None else surface.totals.source,
    )


def _group(surface: Surface, demand: Demand, g: int, lang: Language) -> Row:
    word = words(lang)
    made = surface.groups[g]
    spread = ""
    if surface.draws is not None:
        sums = surface.draws[:, :, g].sum(axis=1, dtype=np.float64)
        low, high = likely_range(sums).tolist()
        spread = word("{low}–{high}", low=number(low), high=number(high))
    return {
        "name": demand.groups[g].name.in_language(lang),
        "way": way_names(lang)[made.way],
        "totals": word("met") if made.totals else word("not given"),
        "workers": number(float(surface.heads[:, g].sum())),
        "spread": spread,
    }


def _districts(density: Density, names: list[str], lang: Language) -> list[Row]:
    """Return the control total and the surface of each district and group with a total, the largest first."""
    surface, area = density.surface, density.area.districts
    if surface.totals is None:
        return []
    rows: list[tuple[float, Row]] = []
    sums = surface.by_district(len(area))
    shown = area["name" if lang == "zh" else "name_en"]
    for g, name in enumerate(names):
        total = surface.totals.workers[:, g]
        for d in np.flatnonzero(~np.isnan(total)).tolist():
            row: Row = {
                "district": str(shown.iloc[d]),
                "group": name,
                "total": number(float(total[d]), 1),
                "workers": number(float(sums[d, g]), 1),
                "difference": f"{abs(sums[d, g] - total[d]):.0e}",
            }
            rows.append((float(total[d]), row))
    rows.sort(key=lambda item: -item[0])
    return [row for _, row in rows[:_MOST_DISTRICTS]]


def _learned(density: Density, made: GroupSurface, learned: Learned, name: str, lang: Language) -> Row:
    word = words(lang)
    cells = density.surface.cells
    at = learned.observed_cell
    model = learned.scores["model"]
    variance = learned.out_of_fold + learned.dispersion * learned.out_of_fold**2
    residual = (learned.observed - learned.out_of_fold) / np.sqrt(np.maximum(variance, 1e-9))
    order = sorted(learned.importance.items(), key=lambda item: -item[1][0])[:_MOST_FEATURES]
    if learned.beats_baselines:
        verdict = word("The model outperforms every baseline on held-out blocks and is used.")
    elif made.way == "learned":
        verdict = word("The model does not outperform every baseline; it is used because the scenario requires it.")
    else:
        verdict = word("The model does not outperform every baseline and is not used.")
    deciles = zip(model.predicted_by_decile.tolist(), model.observed_by_decile.tolist(), strict=True)
    return {
        "name": name,
        "verdict": verdict,
        "good": learned.beats_baselines,
        "scores": [_scores(label, learned.scores[key]) for key, label in _score_names(learned, lang)],
        "scatter": scatter(learned.out_of_fold, learned.observed, x_title=word("Predicted"), y_title=word("Observed")),
        "deciles": paired_bars(
            [(str(i + 1), one, two) for i, (one, two) in enumerate(deciles)],
            first=word("Predicted"),
            second=word("Observed"),
        ),
        "importance": bars([(feature, mean, deviation) for feature, (mean, deviation) in order]),
        "map": residual_map(
            cells.x[at],
            cells.y[at],
            residual,
            size_m=float(np.sqrt(np.median(shapely.area(cells.outline[at])))),
            low=word("observed fewer"),
            high=word("observed more"),
            scale=word("km"),
        ),
        "card": _card(learned, lang),
    }


def _score_names(learned: Learned, lang: Language) -> list[tuple[str, str]]:
    word = words(lang)
    names = {
        "poisson": word("Poisson regression"),
        "boosting": word("Boosted trees"),
        "constant_rate": word("Constant rate"),
        "population_share": word("Population share"),
    }
    chosen = word("{model} (selected)", model=names[learned.model])
    return [(key, chosen if key == learned.model else name) for key, name in names.items() if key in learned.scores]


def _scores(name: str, scores: Scores) -> Row:
    def shown(value: float, digits: int) -> str:
        return "–" if math.isnan(value) else f"{value:.{digits}f}"

    def share(value: float) -> str:
        return "–" if math.isnan(value) else percent(value)

    return {
        "name": name,
        "d2": shown(scores.d2_poisson, 3),
        "mae": number(scores.mae, 1),
        "bias": share(scores.bias),
        "rank": shown(scores.rank_correlation, 2),
        "top": share(scores.top_share),
        "best": share(scores.top_share_best),
    }


def _card(learned: Learned, lang: Language) -> list[tuple[str, str]]:
    word = words(lang)
    separator = word(", ")
    return [
        (word("Model"), dict(_score_names(learned, lang))[learned.model]),
        (word("Parameters"), separator.join(f"{key} = {value:.4g}" for key, value in learned.parameters.items())),
        (word("Observed cells"), number(len(learned.observed))),
        (word("Observed workers"), number(float(learned.observed.sum()))),
        (word("Folds"), number(learned.folds)),
        (word("Blocks"), number(int(learned.block.max()) + 1)),
        (word("Side of a block (m)"), number(learned.block_m)),
        (word("Dispersion"), f"{learned.dispersion:.3f}"),
        (word("Seed"), str(learned.seed)),
        (word("Versions"), separator.join(f"{key} {value}" for key, value in learned.versions.items())),
        (word("Features"), separator.join(learned.features)),
    ]
