"""The command line: argument parsing, logging, progress, calls and exit codes, and nothing else."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program with the arguments of the process, or with other ones, and exit."""
    try:
        from stationplan.cli.app import main as call

        call(arguments)
    except KeyboardInterrupt:  # before the program watches for it
        sys.exit(130)
    except SystemExit as ended:
        if arguments is None:
            for number in (signal.SIGINT, signal.SIGTERM):  # the work is done, and the exit code tells how it ended
                signal.signal(number, signal.SIG_IGN)
        if arguments is None and isinstance(ended.code, int) and ended.code > 128:
            _leave(ended.code)
        raise


def _leave(code: int) -> None:
    """End the process of a command that was stopped at once: clusters would wait for their workers to end."""
    from stationplan.cli.stopping import tidy

    tidy()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
