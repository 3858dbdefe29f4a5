"""The command line as ``python -m stationplan``."""

from __future__ import annotations

from stationplan.cli import main

if __name__ == "__main__":
    main()
