"""The command line: argument parsing, logging, progress, calls and exit codes, and nothing else."""

from __future__ import annotations

from stationplan.cli.app import main

__all__ = ["main"]
