"""Texts of inputs that a careless writer would take for markup, templates, formulas or queries."""

from __future__ import annotations

FRAGMENTS = [
    "A{{7*7}}B",
    "A${7*7}B",
    "{% raw %}",
    "{% endmacro %}",
    "{#",
    "{{ this }}",
    "{{ this._parent }}",
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style>",
    "-->",
    "<!--",
    "<!--<script>",
    "]]>",
    "&amp;",
    "&lt;b&gt;",
    "'",
    '"',
    "`",
    "\\",
    "\\u003c",
    "\u2028",
    "\u2029",
    "\u202e",
    "\u2066",
    "\ufeff",
    "\u00a0",
    "=1+1",
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1",
    "%s",
    "{0}",
    "{name}",
    "{",
    "}",
    "\n",
    "\r\n",
    "驿站",
    "🚑",
    "a b",
    "_x0041_",
    "http://example.invalid/x",
    "javascript:alert(1)",
    "' OR 1=1; DROP TABLE proposed; --",
]

WHOLE = ["<r><t>a & b</t></r>", "<r></r>", "=1+1", "-2+3", "x" * 10_000]

NEVER_WRITTEN = ["\0", "\udcff"]
"""Pages are built with these too; files cannot hold them."""
