"""What a plan may optimise: one module for each aim, which registers itself under the name that a scenario uses.

To add an aim, write a module with a subclass of :class:`Aim` and :func:`register` it; docs/how-to/aim.md shows one.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from stationplan.planning.aims.aim import Aim
from stationplan.planning.aims.registry import AIMS, aim_of, register

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["AIMS", "Aim", "aim_of", "register"]
