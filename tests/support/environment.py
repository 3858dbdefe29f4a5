"""Where the tests run: the checkout, the real data beside it, and whether this is CI."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
IN_CI = os.environ.get("CI") == "true"
