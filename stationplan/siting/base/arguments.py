"""Checks of the arguments of siting models; all errors are reported together, one per line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from stationplan.domain import BoolArray, FloatArray

Matrix: TypeAlias = sparse.csr_array | sparse.csc_array | sparse.coo_array | ArrayLike
"""A [demand x site] matrix, sparse or dense."""


Checked = TypeVar("Checked")
"""The result of a check."""


class Arguments:
    """A collector of errors in the arguments of a call; :meth:`refuse` raises them together.

    A method that finds an error still returns a value of the right shape, so that the other arguments are checked too.

    >>> arguments = Arguments()
    >>> _ = arguments.vector("weights", [1, -2, float("nan")], 2, "row")
    >>> arguments.faults
    ['weights has one value a row: 2, not shape (3,)']
    """

    def __init__(self) -> None:
        self.faults: list[str] = []

    def add(self, fault: str) -> None:
        """Add an error."""
        self.faults.append(fault)

    def refuse(self) -> None:
        """Raise if there are errors.

        Raises
        ------
        ValueError
            All errors so far, one per line.
        """
        if self.faults:
            raise ValueError("\n".join(self.faults))

    def with_those_of(self, check: Callable[[], Checked]) -> Checked:
        """Return what another check returns.

        Raises
        ------
        ValueError
            The other check, or this one so far, has faults; all of them, one a line.
        """
        try:
            checked = check()
        except ValueError as error:
            self.faults.extend(fault for fault in str(error).splitlines() if fault not in self.faults)
            raise ValueError("\n".join(self.faults)) from None
        self.refuse()
        return checked

    def matrix(self, name: str, given: Matrix, *, negative: bool = False) -> sparse.csr_array:
        """Return a matrix as CSR; its entries must be finite, and not below 0 unless ``negative``.

        If the argument is not a matrix at all, the check ends, since the other arguments depend on its shape.

        Raises
        ------
        ValueError
            The argument is not a matrix of numbers; includes the errors so far.
        """
        try:
            matrix = sparse.csr_array(given)
        except (TypeError, ValueError):
            matrix = None
        if matrix is None or matrix.ndim != 2 or matrix.dtype.kind not in "biuf":
            self.add(f"{name} is a matrix of numbers [demand x site]")
            self.refuse()
        assert matrix is not None
        if not np.isfinite(matrix.data).all():
            self.add(f"{name} has no NaN and no infinity")
        elif not negative and matrix.nnz and matrix.data.min() < 0:
            self.add(f"{name} has nothing below 0")
        return matrix

    def vector(self, name: str, given: ArrayLike, count: int, of: str) -> FloatArray:
        """Return a vector of ``count`` finite numbers >= 0; ``of`` names what they belong to (row or site)."""
        try:
            vector = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError):
            self.add(f"{name} are numbers")
            return np.zeros(count)
        if vector.shape != (count,):
            self.add(f"{name} has one value a {of}: {count}, not shape {vector.shape}")
        elif not (np.isfinite(vector).all() and (vector >= 0).all()):
            self.add(f"{name} are finite and >= 0")
        else:
            return vector
        return np.zeros(count)

    def mask(self, name: str, given: ArrayLike | None, count: int) -> BoolArray:
        """Return a mask over ``count`` sites from a mask, from indices, or from ``None`` (all false)."""
        mask = np.zeros(count, dtype=bool)
        if given is None:
            return mask
        array = np.asarray(given)
        if array.dtype == bool:
            if array.shape == (count,):
                return array.copy()
            self.add(f"{name} is a mask of {count} sites, not of shape {array.shape}")
        elif array.size:
            numbers = array.dtype.kind in "iuf" and bool((array == np.rint(array)).all())
            if not numbers or array.min() < 0 or array.max() >= count:
                self.add(f"{name} holds site indices from 0 to {count - 1}")
            else:
                mask[array.astype(np.int64)] = True
        return mask

    def number(
        self, name: str, given: float, low: float, high: float = np.inf, *, whole: bool = False, most: str = ""
    ) -> float:
        """Return a number from ``low`` to ``high``, inclusive, an integer if ``whole``; ``most`` describes ``high``."""
        kind = "a whole number" if whole else "a number"
        limits = f">= {low:g}" if high == np.inf else f"from {low:g} to {high:g}"
        limits += f" ({most})" if most else ""
        try:
            value = float(given)
        except (TypeError, ValueError):
            value = np.nan
        if not low <= value <= high or (whole and value != np.rint(value)):
            self.add(f"{name} is {kind} {limits}, not {given}")
            return low
        return value
