"""The command line: parse, log, show progress, call, choose the exit code. Nothing else happens here."""

from __future__ import annotations

from stationplan.cli.app import main

__all__ = ["main"]
