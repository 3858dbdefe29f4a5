"""The registered aims by their names in scenarios."""

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
    """Register an aim and return its class; use as a class decorator.

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
    """Return the registered aim with a name.

    Raises
    ------
    KeyError
        No aim has this name; a loaded scenario always names a registered one.
    """
    return _REGISTERED[name]
