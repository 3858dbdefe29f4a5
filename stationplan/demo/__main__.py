"""Write the synthetic city: ``python -m stationplan.demo FOLDER``."""

from __future__ import annotations

import argparse
from pathlib import Path

from stationplan.demo.city import write_city


def main() -> None:
    """Write the files of the synthetic city into the folder given on the command line."""
    parser = argparse.ArgumentParser(prog="python -m stationplan.demo", description="Write a made-up city.")
    parser.add_argument("folder", type=Path, help="where the files go; made if absent")
    write_city(parser.parse_args().folder)


if __name__ == "__main__":
    main()
