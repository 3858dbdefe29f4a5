"""The processes that plan the units: on this machine or in an existing Dask cluster, with the same code."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stationplan.batch.work import Outcome, Task, do
from stationplan.errors import FaultList, say

if TYPE_CHECKING:
    from distributed import Client


@contextmanager
def crew(*, workers: int, scheduler: str | None) -> Iterator[Client]:
    """Yield a client of the cluster at the address ``scheduler``, or of a new one with ``workers`` local processes.

    Each process plans one unit at a time. Local processes may use equal shares of the memory of the machine; a process
    that exceeds its share is restarted.

    Raises
    ------
    InputError
        Dask is not installed, or no scheduler answers at the address.
    """
    faults = FaultList()
    try:
        import distributed  # noqa: PLC0415 - an optional dependency
    except ImportError:
        faults.add(
            say("A batch requires the package distributed."), say("Install it: pip install 'stationplan[dask]'.")
        )
        faults.raise_any()
    # Failures of units are reported as outcomes; closed connections at the end of a cluster need not be logged.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    if scheduler is not None:
        try:
            client = distributed.Client(scheduler, timeout="10s")
        except (OSError, TimeoutError, ValueError) as error:
            faults.add(
                say("No Dask scheduler responds at {address}: {error}", address=scheduler, error=error),
                say("Start one (`dask scheduler`), or omit --dask to use this machine."),
                key="--dask",
            )
            faults.raise_any()
        with client:
            yield client
        return
    with (
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            memory_limit="auto",
            dashboard_address="127.0.0.1:0",  # any free port: the default port may be used by another batch
            # The scheduler serves HTTP even without a dashboard, by default on 8787, which another batch may use.
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
            silence_logs=logging.CRITICAL,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def outcomes(client: Client, tasks: Sequence[Task]) -> Iterator[Outcome]:
    """Yield the outcome of each task as it ends; Dask reschedules a task whose worker is lost."""
    from distributed import as_completed  # noqa: PLC0415 - an optional dependency

    unit = {}
    for task in tasks:
        # A unique key: the task of another client for another folder must not be taken for this one.
        future = client.submit(do, task, key=f"{task.unit}-{uuid.uuid4().hex}", pure=False)
        unit[future] = task.unit
    for future in as_completed(list(unit)):
        try:
            yield future.result()
        except (Exception, CancelledError) as error:
            yield Outcome(unit[future], (say("{kind}: {error}", kind=type(error).__name__, error=error),))
