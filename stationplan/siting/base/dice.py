"""Random numbers for compiled searches: the same on every machine, independent of numba's own generator."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


def dice(seed: int) -> NDArray[np.uint64]:
    """Return the state of a generator for :func:`below`.

    >>> die = dice(1)
    >>> [int(below(die, 6)) for _ in range(5)]
    [3, 4, 1, 4, 5]
    """
    return np.random.default_rng(seed).integers(1, 2**63, size=1, dtype=np.uint64)


@njit(cache=True, nogil=True)
def below(state: NDArray[np.uint64], count: int) -> np.int64:
    """Return a random integer from 0 to ``count`` - 1, for ``count`` far below 2^31 (xorshift*, Marsaglia 2003)."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    high = (x * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(33)
    return np.int64((high * np.uint64(count)) >> np.uint64(31))
