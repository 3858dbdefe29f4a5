"""Pages from our own Jinja templates. Jinja escapes every value, and the pages allow no scripts."""

from __future__ import annotations

from functools import cache
from importlib import metadata, resources
from typing import Protocol

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from stationplan.domain import Language, LocalText
from stationplan.text.catalogue import words


class Titled(Protocol):
    """The attributes of a study that every page shows."""

    @property
    def name(self) -> LocalText:
        """Heading of the page."""

    @property
    def notice(self) -> LocalText | None:
        """Notice below the heading, if any."""

    @property
    def synthetic(self) -> bool:
        """Whether the data are synthetic."""

    @property
    def scenario_fingerprint(self) -> str:
        """SHA-256 of the scenario."""


@cache
def _template(name: str) -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_asset(name))


@cache
def _asset(name: str) -> str:
    return resources.files("stationplan").joinpath("documents/assets", name).read_text("utf-8")


def fill(name: str, lang: Language, **values: object) -> str:
    """Return a page: a template of ``documents/assets`` filled with language, common style sheet and ``values``."""
    style = Markup(_asset("report.css"))  # noqa: S704 - our own file, not an input
    return _template(name).render(lang=lang, t=words(lang), style=style, **values)


def fill_page(name: str, study: Titled, lang: Language, **values: object) -> str:
    """Return a page about a study: a template of ``documents/assets`` filled with the common parts and ``values``."""
    return fill(
        name,
        lang,
        title=study.name.in_language(lang),
        notice=study.notice.in_language(lang) if study.notice is not None else "",
        marks=marks(study, lang),
        version=metadata.version("stationplan"),
        fingerprint=study.scenario_fingerprint[:12],
        **values,
    )


def marks(study: Titled, lang: Language) -> list[str]:
    """Return the marks of every page: that the data are synthetic, if so, and that the page is for internal use."""
    word = words(lang)
    synthetic = [word("Synthetic data, not for decisions")] if study.synthetic else []
    return [*synthetic, word("Internal use")]
