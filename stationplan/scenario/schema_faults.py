"""Messages for scenarios that violate the schema: pydantic's errors as sentences with a fix."""

from __future__ import annotations

import difflib
import types
from collections.abc import Callable
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel

from stationplan.errors import Message, say
from stationplan.scenario.fields import RefusedValue
from stationplan.scenario.schema import ScenarioFile

_NUMBER = say("a number is expected")
_WHOLE = say("a whole number is expected")
_TABLE = say("a table is expected")
_EXPECTED: dict[str, Callable[[dict[str, object]], Message]] = {
    "float_type": lambda _: _NUMBER,
    "float_parsing": lambda _: _NUMBER,
    "finite_number": lambda _: say("a finite number is expected"),
    "int_type": lambda _: _WHOLE,
    "int_parsing": lambda _: _WHOLE,
    "int_from_float": lambda _: _WHOLE,
    "string_type": lambda _: say("text in quotes is expected"),
    "string_pattern_mismatch": lambda context: say("text of the form {pattern} is expected", **context),
    "bool_type": lambda _: say("true or false is expected"),
    "bool_parsing": lambda _: say("true or false is expected"),
    "list_type": lambda _: say("a list is expected"),
    "dict_type": lambda _: _TABLE,
    "model_type": lambda _: _TABLE,
    "model_attributes_type": lambda _: _TABLE,
    "too_short": lambda _: say("at least one entry is expected"),
    "greater_than": lambda context: say("more than {gt} is expected", **context),
    "greater_than_equal": lambda context: say("{ge} or more is expected", **context),
    "less_than_equal": lambda context: say("{le} or less is expected", **context),
}
"""What was expected, as a message, by the type of pydantic's error."""


def explained(
    kind: str, context: dict[str, object], place: list[str], found: object, said: str
) -> tuple[Message, Message]:
    """Return a sentence and a fix for one pydantic error."""
    if kind == "extra_forbidden":
        known = _known_keys(place[:-1])
        near = difflib.get_close_matches(place[-1], known, n=1, cutoff=0.5)
        if near:
            return say("Unknown key {key}.", key=place[-1]), say("Did you mean {near}?", near=near[0])
        return say("Unknown key {key}.", key=place[-1]), say("Known keys: {known}.", known=", ".join(known))
    refused = context.get("error")
    if isinstance(refused, RefusedValue):
        return refused.what, refused.cure
    if kind == "missing":
        return say("A required key is missing."), say("Add it; docs/scenario.md lists the required keys of each table.")
    if kind == "literal_error":
        allowed = str(context.get("expected", "")).replace(" or ", ", ")
        return say("{found} is not allowed here.", found=repr(found)), say("Allowed: {allowed}.", allowed=allowed)
    if kind == "too_long" and place == ["slots"] and isinstance(found, dict):
        limit = context["max_length"]
        return (
            say("There are {count} time slots; the limit is {limit}.", count=len(found), limit=limit),
            say("Merge adjacent slots; a whole day in half-hours has {limit} slots.", limit=limit),
        )
    correct = say("Correct the value; docs/scenario.md gives type, unit and range.")
    if kind in _EXPECTED:
        return say("{found} is not valid: {expected}.", found=repr(found), expected=_EXPECTED[kind](context)), correct
    return say("{found} is not valid: {expected}.", found=repr(found), expected=said), correct


def _known_keys(place: list[str]) -> list[str]:
    model: object = ScenarioFile
    for part in place:
        if isinstance(model, type) and issubclass(model, BaseModel):
            by_alias = {field.alias or name: field for name, field in model.model_fields.items()}
            annotation = by_alias[part].annotation if part in by_alias else None
        else:
            annotation = get_args(model)[1] if get_origin(model) is dict else None
        model = _table_in(annotation)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return sorted(field.alias or name for name, field in model.model_fields.items())
    return []


def _table_in(annotation: object) -> object:
    if get_origin(annotation) in (Union, types.UnionType, Annotated):
        for option in get_args(annotation):
            if _table_in(option) is not None:
                return _table_in(option)
        return None
    is_table = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return annotation if is_table or get_origin(annotation) is dict else None
