"""``stationplan roads``: save roads as one file that loads in seconds."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from stationplan.cli import printing
from stationplan.cli.options import (
    AcceptOption,
    CountsJsonOption,
    DatumOption,
    LangOption,
    LayerOption,
    LimitOption,
    OverwriteOption,
    VerboseOption,
    limits_of,
    refuse_existing_file,
    refuse_inputs,
)
from stationplan.cli.session import session_of
from stationplan.cli.terminal import plain
from stationplan.errors import FaultList, Message, say
from stationplan.text.catalogue import number, translate, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stationplan.domain import Language
    from stationplan.inputs import RoadPieces

# Slow imports are inside the functions that need them, as `--help` loads this module and should respond at once.


class Crossings(StrEnum):
    """How lines that cross without a common vertex are read."""

    APART = "apart"
    JOIN = "join"


def save_roads(
    context: typer.Context,
    source: Annotated[
        list[Path],
        typer.Argument(help="Road file, or two CSV tables: nodes, then edges.", show_default=False),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File for the saved roads (NAME.roads.npz).", show_default=False)
    ],
    datum: DatumOption = None,
    accept: AcceptOption = False,
    layer: LayerOption = None,
    default_class: Annotated[
        str, typer.Option(help="Class of lines that have none, such as residential or 支路.", show_default=False)
    ] = "",
    tolerance_m: Annotated[
        float, typer.Option(min=0.0, help="Distance (m) up to which the end of a line is joined to another line.")
    ] = 2.0,
    crossings: Annotated[
        Crossings, typer.Option(help="Lines that cross without a common vertex: apart, or join.")
    ] = Crossings.APART,
    force: Annotated[bool, typer.Option("--force", help="Save roads even if they are not connected.")] = False,
    limit: LimitOption = None,
    overwrite: OverwriteOption = False,
    as_json: CountsJsonOption = False,
    lang: LangOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Save roads in one binary file that loads in seconds.

    Any scenario can use it as its file of roads. It contains geometry, lengths and tags; speeds and rules remain
    those of the scenario.
    """
    from stationplan.inputs import (
        LineOptions,
        known_class,
        read_road_files,
        refuse_disconnected,
        road_notes,
        write_roads,
    )

    printing.log_to_stderr(verbose)
    spoken = session_of(context).lang
    _check_call(source, out, datum_given=datum is not None)
    refuse_existing_file(out, overwrite=overwrite)
    refuse_inputs(out, source)
    printing.tell_swept(out, spoken)

    def shown(message: Message) -> str:
        return plain(translate(message, spoken)).markup

    with Console(stderr=True).status(shown(say("Reading roads"))) as status:
        pieces = read_road_files(
            source,
            datum="wgs84" if datum is None else datum.value,
            layer=layer,
            limits=limits_of(limit or []),
            options=LineOptions(
                known_class(default_class),
                tolerance_m,
                join_crossings=crossings is Crossings.JOIN,
                accept=accept,
            ),
        )
        if not force:
            refuse_disconnected(pieces, file=source[-1].name)
        status.update(shown(say("Saving roads")))
        write_roads(pieces, out)
        session_of(context).wrote(out)
    notes = road_notes(pieces)
    if as_json:
        _print_json(pieces, out, notes)
    else:
        _print(pieces, out, notes, spoken)


def _check_call(sources: Sequence[Path], out: Path, *, datum_given: bool) -> None:
    """Raise with all errors of the command line."""
    from stationplan.scenario import needs_datum

    faults = FaultList()
    if out.suffix.lower() != ".npz":
        faults.add(
            say("Saved roads are recognised by their file extension."),
            say("Use the extension .roads.npz."),
            key="--out",
        )
    if not datum_given and needs_datum(sources[-1].name):
        faults.add(
            say("The datum of the coordinates is not declared."),
            say("Declare it with --datum: wgs84, cgcs2000, gcj02 (Amap, Tencent) or bd09 (Baidu)."),
            key="--datum",
        )
    faults.raise_any()


def _print(pieces: RoadPieces, out: Path, notes: Sequence[Message], lang: Language) -> None:
    word = words(lang)
    console = printing.standard_output()
    console.print(
        plain(
            word(
                "Saved: {nodes} nodes, {pieces} road segments, {km} km, {kinds} tag combinations.",
                nodes=number(len(pieces.lon)),
                pieces=number(len(pieces.tail)),
                km=number(pieces.length_m.sum() / 1000, 1),
                kinds=number(len(pieces.kinds)),
            )
        )
    )
    for message in notes:
        console.print(plain(f"! {translate(message, lang)}"))
    printing.print_path(console, word("Roads"), out, lang)


def _print_json(pieces: RoadPieces, out: Path, notes: Sequence[Message]) -> None:
    """Print the counts of what was saved, as JSON."""
    printing.print_document(
        {
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
            "notes": [str(message) for message in notes],
        }
    )
