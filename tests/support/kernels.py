"""Compile the kernels that most tests need, before the workers of a test run start: ``python -m support.kernels``.

A fresh checkout has no compiled code. Left to the tests, every worker and every process of a batch would compile the
same kernels at the same time, under coverage, which slows the compiler down by a third.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from support.village import plan_of

QUESTIONS = (
    "new = 2",
    'aim = "cost"\ntarget_share = 0.8',
    'aim = "cost"\ntarget_share = 1.0',
    'aim = "median"\nnew = 2\nfar_min = 60',
    'aim = "served"\nnew = 2\ncapacity = 1000',
)
"""Plans of the village that together run through the models of siting."""

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for number, question in enumerate(QUESTIONS):
            plan_of(Path(folder) / str(number), question)
