"""Building blocks of the tables of a scenario file: value types, names, and sources of records."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetPydanticSchema,
    PlainSerializer,
    model_validator,
)

from stationplan.domain import MODES, LocalText
from stationplan.errors import Message, say
from stationplan.hours import OpeningHours, SlotHours, opening_hours, slot_hours

MOST = 1e12
"""Above every number of people, metres, minutes or yuan of a study; solvers take numbers up to here."""

Positive = Annotated[float, Field(ge=0.001, le=MOST, allow_inf_nan=False)]
Nonnegative = Annotated[float, Field(ge=0, le=MOST, allow_inf_nan=False)]
Variation = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]
"""A coefficient of variation."""

Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Draws = Annotated[int, Field(ge=0, le=10_000)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]+$")]
DatumChoice = Literal["wgs84", "cgcs2000", "gcj02", "bd09", "evidence"]
Tag = Annotated[str, Field(pattern=r"^[^=\s]+=[^=]+$")]


def _parsed(parse: Callable[[str], OpeningHours | SlotHours]) -> GetPydanticSchema:
    """Return the schema that parses text into a record, which is written as the original text in the resolved copy."""
    text = Annotated[str, AfterValidator(parse), PlainSerializer(lambda record: record.text, return_type=str)]
    return GetPydanticSchema(lambda _, handler: handler.generate_schema(text))


OpeningText = Annotated[OpeningHours, _parsed(opening_hours)]
SlotText = Annotated[SlotHours, _parsed(slot_hours)]


class RefusedValue(ValueError):
    """Raised by validators of the schema: what is wrong with a value, and how to fix it."""

    def __init__(self, what: Message, cure: Message) -> None:
        super().__init__(f"{what} {cure}")
        self.what, self.cure = what, cure


def _known_mode(mode: str) -> str:
    if mode not in MODES:
        near = difflib.get_close_matches(mode, MODES, n=1, cutoff=0.5)
        raise RefusedValue(
            say("Unknown travel mode {found}.", found=repr(mode)),
            say("Did you mean {near}?", near=near[0])
            if near
            else say("Known travel modes: {known}.", known=", ".join(MODES)),
        )
    return mode


def _mode_with_speed(mode: str) -> str:
    if MODES[mode].stated_kmh is None:
        raise RefusedValue(
            say("The speeds of the travel mode {mode} are set by road class.", mode=mode),
            say("Set them under `[roads.{key}]`.", key=MODES[mode].speed.class_key),
        )
    return mode


ModeId = Annotated[str, AfterValidator(_known_mode)]
"""A travel mode."""

SpeedMode = Annotated[ModeId, AfterValidator(_mode_with_speed)]
"""A travel mode that has one speed, or a cap of its speeds."""


class ScenarioTable(BaseModel):
    """A table of the file: unknown keys are errors, values are not converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


class Name(ScenarioTable):
    """A name in both languages; a plain string is used for both."""

    zh: str
    en: str

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: object) -> object:
        return {"zh": value, "en": value} if isinstance(value, str) else value

    @property
    def text(self) -> LocalText:
        """The name as a domain record."""
        return LocalText(self.zh, self.en)


class Source(ScenarioTable):
    """A file or database table, and the datum of its coordinates."""

    file: str | None = None
    """CSV, workbook (.xlsx, .xls, .ods ...), GeoJSON, GeoPackage, Shapefile, KML ..., or a `postgresql://` address."""
    sheet: str | None = None
    """Sheet of a workbook; needed where several may be meant."""
    sheets: Literal["all"] | None = None
    """`all`: the visible sheets with the same columns are one table, in which the column `sheet` has their names."""
    header_row: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    """Row of the header, where it is not found."""
    layer: str | None = None
    """Layer of a GeoPackage with several."""
    table: str | None = None
    """Table or view of a database, such as `public.stations`."""
    query: str | None = None
    """SELECT statement to a database, in place of a table; it runs read-only."""
    geometry: str | None = None
    """Geometry column, where a table or query has several."""
    datum: DatumChoice | None = None
    """Datum of longitudes and latitudes; needed with a file. `evidence`: the one that the roads show, if they do."""
    accept: bool = False
    """Use the declared datum although the file states another CRS, such as Xi'an 1980; the conflict is reported."""


class TableSource(Source):
    """A table whose columns are fields and whose rows may be left out."""

    crs: str | None = None
    """CRS of coordinates that are eastings and northings, such as EPSG:4544."""
    columns: dict[str, str] = {}
    """Column names by field, where they are not recognised."""
    bad_rows: Literal["refuse", "set_aside"] = "refuse"
    """What to do with rows that cannot be used: refuse the table, or exclude them, counted and listed."""
