"""The aims that a plan can optimise, one module each; a module registers its aim under the name used in scenarios.

To add an aim, write a module with a subclass of :class:`Aim` and :func:`register` it; see docs/how-to/aim.md.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from stationplan.planning.aims.aim import Aim
from stationplan.planning.aims.registry import AIMS, aim_of, register

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["AIMS", "Aim", "aim_of", "register"]
