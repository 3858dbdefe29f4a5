"""The known aims by the names that scenarios use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from stationplan.planning.aims.aim import Aim

_Kind = TypeVar("_Kind", bound=Aim)
_REGISTERED: dict[str, Aim] = {}

AIMS: Mapping[str, Aim] = MappingProxyType(_REGISTERED)
"""Every registered aim by its id."""


def register(aim: type[_Kind]) -> type[_Kind]:
    """Make an aim known; a decorator of its class.

    Raises
    ------
    ValueError
        Another aim has the same id.
    """
    if aim.id in _REGISTERED:
        raise ValueError(f"two aims are called {aim.id!r}")
    _REGISTERED[aim.id] = aim()
    return aim


def aim_of(name: str) -> Aim:
    """Return the aim that a scenario calls by a name.

    Raises
    ------
    KeyError
        No aim has the name; a loaded scenario names a registered one.
    """
    return _REGISTERED[name]
