"""Records of the package with some values replaced, wherever in the record these are."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace


def altered(record, **values):
    """Return a record with some values replaced, each in the record that has a field of the name: outermost first."""
    own = {item.name for item in fields(record)}
    changes = {name: value for name, value in values.items() if name in own}
    left = {name: value for name, value in values.items() if name not in own}
    for item in fields(record):
        inner = getattr(record, item.name)
        if left and item.name not in changes and is_dataclass(inner):
            known = _known(inner)
            mine = {name: value for name, value in left.items() if name in known}
            if mine:
                changes[item.name] = altered(inner, **mine)
                left = {name: value for name, value in left.items() if name not in mine}
    assert not left, f"no record has the fields {sorted(left)}"
    return replace(record, **changes)


def _known(record) -> set[str]:
    names = {item.name for item in fields(record)}
    return names.union(*(_known(getattr(record, name)) for name in names if is_dataclass(getattr(record, name))))
