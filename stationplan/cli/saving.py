"""What ``stationplan roads`` does: read roads, save them, tell what was saved.

Kept apart from the command because it loads all of the geography, which ``--help`` need not wait for.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from stationplan.cli.quality import limits_of
from stationplan.cli.show import log_to_stderr, print_document
from stationplan.cli.terminal import plain
from stationplan.domain import Language
from stationplan.errors import FaultList, Message, OutputExistsError, say
from stationplan.geo import Datum
from stationplan.inputs import RoadPieces, read_road_files, road_notes, write_roads
from stationplan.scenario import needs_datum
from stationplan.text.catalogue import number, translate, words


def save(
    sources: Sequence[Path],
    out: Path,
    *,
    datum: Datum | None,
    layer: str | None,
    limits: Sequence[str],
    overwrite: bool,
    as_json: bool,
    verbose: bool,
    lang: Language,
) -> None:
    """Read roads from one file or two tables, save them at ``out``, and print what was saved."""
    log_to_stderr(verbose)
    faults = FaultList()
    if out.suffix.lower() != ".npz":
        faults.add(
            say("Saved roads are known by the end of their name."), say("Let it end in .roads.npz."), key="--out"
        )
    if datum is None and needs_datum(sources[-1].name):
        faults.add(
            say("The datum of the coordinates is not declared."),
            say("Say it with --datum: wgs84, cgcs2000, gcj02 (Amap, Tencent) or bd09 (Baidu)."),
            key="--datum",
        )
    faults.raise_any()
    if out.exists() and not (overwrite and out.is_file()):
        raise OutputExistsError(str(out))
    errors = Console(stderr=True)

    def shown(message: Message) -> str:
        return plain(translate(message, lang)).markup

    with errors.status(shown(say("Reading roads"))) as status:
        pieces = read_road_files(sources, datum=datum or "wgs84", layer=layer, limits=limits_of(limits))
        status.update(shown(say("Saving roads")))
        write_roads(pieces, out)
    notes = road_notes(pieces)
    if as_json:
        _print_json(pieces, out, notes)
        return
    console = Console(highlight=False, soft_wrap=True)
    word = words(lang)
    console.print(
        plain(
            word(
                "Saved: {nodes} nodes, {pieces} pieces of road, {km} km, {kinds} kinds of tags.",
                nodes=number(len(pieces.lon)),
                pieces=number(len(pieces.tail)),
                km=number(pieces.length_m.sum() / 1000, 1),
                kinds=number(len(pieces.kinds)),
            )
        )
    )
    for note in notes:
        console.print(plain(f"! {translate(note, lang)}"))
    console.print(plain(word("{label}: {path}", label=word("Roads"), path=out)))


def _print_json(pieces: RoadPieces, out: Path, notes: Sequence[Message]) -> None:
    """Print what was saved, for programs."""
    told = {
        "path": str(out),
        "nodes": len(pieces.lon),
        "pieces": len(pieces.tail),
        "km": round(float(pieces.length_m.sum()) / 1000, 3),
        "kinds": len(pieces.kinds),
        "cut_nodes": pieces.cut_nodes,
        "short_edges": pieces.short_edges,
        "not_lines": pieces.not_lines,
        "other_classes": dict(pieces.other_classes),
        "source": pieces.source,
        "notes": [str(note) for note in notes],
    }
    print_document(told)
