"""Those who plan the units: processes of this machine, or an existing Dask cluster; the same code for both."""

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
    """Give a client of a cluster: of one that runs at ``scheduler``, or of ``workers`` processes made for it.

    Each process plans one unit at a time. Processes of our own share the memory of the machine in equal parts and are
    begun anew where one takes more.

    Raises
    ------
    InputError
        Dask is not installed, or nothing answers at the address.
    """
    faults = FaultList()
    try:
        import distributed  # noqa: PLC0415 - an extra
    except ImportError:
        faults.add(
            say("A batch requires the package distributed."), say("Install it: pip install 'stationplan[dask]'.")
        )
        faults.raise_any()
    # What becomes of units is told by outcomes; that connections end when a cluster closes is no news.
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
            dashboard_address="127.0.0.1:0",  # any free port: None would take the one of another batch
            # Even without a dashboard the scheduler answers HTTP, on 8787 unless told, which another batch may hold.
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
            silence_logs=logging.CRITICAL,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def outcomes(client: Client, tasks: Sequence[Task]) -> Iterator[Outcome]:
    """Yield what becomes of each task, as they end; a task whose worker is lost goes to another, as Dask is set."""
    from distributed import as_completed  # noqa: PLC0415 - an extra

    unit = {}
    for task in tasks:
        # A name of its own: another client's task for another folder is not this one.
        future = client.submit(do, task, key=f"{task.unit}-{uuid.uuid4().hex}", pure=False)
        unit[future] = task.unit
    for future in as_completed(list(unit)):
        try:
            yield future.result()
        except (Exception, CancelledError) as error:
            yield Outcome(unit[future], (say("{kind}: {error}", kind=type(error).__name__, error=error),))
