"""Puts the inputs of the Sichuan example into one folder, road nodes of Chengdu as a table.

Usage: python examples/sichuan/make.py COUNTIES.geojson CENSUS.csv NODES.co.tar.gz FOLDER

COUNTIES.geojson has the counties with `adcode` and `name`, CENSUS.csv the county tables of the 2020 census (`CODE`,
`POPU`, `EMPL_OCCU`, `EMPL_INDU_*`), NODES.co.tar.gz a text file with latitude and longitude of a road node in each row.
"""

from __future__ import annotations

import csv
import io
import shutil
import sys
import tarfile
from pathlib import Path

NAMES = ("counties.geojson", "census.csv")


def main(counties: Path, census: Path, nodes: Path, folder: Path) -> None:
    """Write counties.geojson, census.csv and chengdu_nodes.csv into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for source, name in zip((counties, census), NAMES, strict=True):
        shutil.copyfile(source, folder / name)
    with tarfile.open(nodes) as archive:
        member = next(item for item in archive.getmembers() if item.name.endswith(".co"))
        stream = archive.extractfile(member)
        assert stream is not None
        rows = [line.split() for line in io.TextIOWrapper(stream, encoding="utf-8") if not line.startswith("#")]
    places = [(lon, lat) for lat, lon in (row for row in rows if len(row) == 2)]  # the first row is their number
    with (folder / "chengdu_nodes.csv").open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(("lon", "lat"))
        writer.writerows(places)


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
