"""Pages from our own Jinja templates. Jinja escapes every value, and the pages allow no script at all."""

from __future__ import annotations

from importlib import metadata, resources
from typing import Protocol

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from stationplan.domain import Language, LocalText
from stationplan.i18n import words


class Titled(Protocol):
    """What every page says of what it is about."""

    @property
    def name(self) -> LocalText:
        """Its heading."""

    @property
    def notice(self) -> LocalText | None:
        """A remark below the heading."""

    @property
    def synthetic(self) -> bool:
        """Whether its data are made up."""

    @property
    def scenario_fingerprint(self) -> str:
        """SHA-256 of the scenario it was made from."""


def fill_page(name: str, study: Titled, lang: Language, **values: object) -> str:
    """Return a page about a study: a template of ``report/assets`` with what every page says, and ``values``."""
    word = words(lang)
    assets = resources.files("stationplan").joinpath("report/assets")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(assets.joinpath(name).read_text("utf-8"))
    return template.render(
        lang=lang,
        t=word,
        style=Markup(assets.joinpath("report.css").read_text("utf-8")),  # noqa: S704 - our own file, not an input
        title=study.name.in_language(lang),
        notice=study.notice.in_language(lang) if study.notice is not None else "",
        marks=marks(study, lang),
        version=metadata.version("stationplan"),
        fingerprint=study.scenario_fingerprint[:12],
        **values,
    )


def marks(study: Titled, lang: Language) -> list[str]:
    """Return what has to stand on every page: that its data are made up, and that it is internal."""
    word = words(lang)
    synthetic = [word("Synthetic data, not for decisions")] if study.synthetic else []
    return [*synthetic, word("Internal use")]
