"""``stationplan check``: learn every fault of inputs before planning with them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Optional

import typer

from stationplan.cli.options import (
    DataOption,
    DatumOption,
    LangOption,
    LimitOption,
    OutOption,
    OverwriteOption,
    VerboseOption,
)
from stationplan.cli.terminal import stoppable

# ruff: noqa: UP045 - typer reads Optional on every supported Python


class TableRole(StrEnum):
    """What a table may be looked at as."""

    stations = "stations"
    candidates = "candidates"
    demand = "demand"
    observed = "observed"
    districts = "districts"


def check_inputs(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Scenario file (TOML), or one table with --as.", show_default=False)],
    role: Annotated[Optional[TableRole], typer.Option("--as", help="What the table holds.")] = None,
    data: DataOption = None,
    sheet: Annotated[Optional[str], typer.Option(help="Sheet of a workbook.")] = None,
    header_row: Annotated[Optional[int], typer.Option(help="Row of the header.", min=1)] = None,
    layer: Annotated[Optional[str], typer.Option(help="Layer of a GeoPackage.")] = None,
    column: Annotated[
        Optional[list[str]], typer.Option(help="A column that is not recognised, as FIELD=HEADER; may be repeated.")
    ] = None,
    datum: DatumOption = None,
    crs: Annotated[Optional[str], typer.Option(help="CRS of eastings and northings, such as EPSG:4544.")] = None,
    roads: Annotated[Optional[Path], typer.Option(help="File of roads, to weigh the datum by.")] = None,
    district_list: Annotated[
        Optional[Path], typer.Option(help="With --as districts: table of the districts that there should be.")
    ] = None,
    merge_duplicates: Annotated[bool, typer.Option("--merge-duplicates", help="Merge likely duplicates.")] = False,
    limit: LimitOption = None,
    out: OutOption = None,
    overwrite: OverwriteOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON on standard output.")] = False,
    lang: LangOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Say what is wrong with inputs: every record repaired, merged or set aside, with row, reason and cure.

    Nothing is planned. With --out a workbook of the findings is written: that file where the name ends in .xlsx, else
    quality.xlsx in that folder. The exit code is 2 when a study would refuse the inputs.
    """
    with stoppable():
        from stationplan.cli.quality import Asked, check  # noqa: PLC0415 - loads all of the geography

        keys = {"sheet": sheet, "header_row": header_row, "layer": layer, "crs": crs}
        if datum is not None:
            keys["datum"] = datum.value
        usable = check(
            context,
            Asked(
                file,
                None if role is None else role.value,
                data=data,
                source={key: value for key, value in keys.items() if value is not None},
                columns=column or [],
                roads=roads,
                district_list=district_list,
                merge_duplicates=merge_duplicates,
                limits=limit or [],
            ),
            out=out,
            overwrite=overwrite,
            as_json=as_json,
            verbose=verbose,
        )
    if not usable:
        raise typer.Exit(code=2)
