"""The reports that people read: page, Word and PDF have the same content, run nothing of an input, and print well."""

from __future__ import annotations

import dataclasses
import logging
import re
import zipfile

import docx
import numpy as np
import openpyxl
import pytest
from docx.oxml.ns import qn
from markupsafe import Markup
from support.altered import altered
from support.documents import HOSTILE, Rows, asked, pdf_text, said_rows, squeezed

from stationplan.documents import pdf as pdf_writer
from stationplan.documents import report_page, write_pdf, write_word
from stationplan.documents.content import (
    Cell,
    Chart,
    Column,
    Figure,
    Lines,
    MapSheet,
    Report,
    ReportTable,
    Section,
    texts_of,
)
from stationplan.documents.plain import plain
from stationplan.documents.workbook import Sheet as BookSheet
from stationplan.documents.workbook import write_sheets
from stationplan.domain import Audit, LocalText, MapOptions, Needed, Scorecard
from stationplan.figures.coverage import overall
from stationplan.figures.gaps import biggest_gaps, gap_place, most_in_circles
from stationplan.report import map_sheet as sheet_maker
from stationplan.report import plan_report, render_report, sites_csv, write_workbook
from stationplan.report.plan_charts import growth, picture, text_at, tiles
from stationplan.text.catalogue import number, percent

LANGUAGES = ["zh", "en"]


@pytest.fixture(scope="module")
def told(demo_plan):
    return {lang: plan_report(demo_plan, lang=lang) for lang in LANGUAGES}


@pytest.fixture(scope="module")
def written(told, chinese_font, tmp_path_factory):
    """The demo's report as ``zh.docx``, ``en.pdf`` and so on."""
    folder = tmp_path_factory.mktemp("reports")
    for lang, report in told.items():
        write_word(report, folder / f"{lang}.docx")
        write_pdf(report, folder / f"{lang}.pdf")
    return folder


# ---- all writers have the same content -------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_page_and_word_have_the_same_tables(told, written, lang):
    expected = said_rows(told[lang])
    assert len(expected) > 80
    assert Rows(report_page(told[lang])).rows == expected
    tables = docx.Document(written / f"{lang}.docx").tables[1:]  # the first holds the key figures
    in_word = [
        [[line.text for line in cell.paragraphs] for cell in row.cells] for table in tables for row in table.rows
    ]
    assert [[[re.sub("█+", "", line) for line in cell] for cell in row] for row in in_word] == expected


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_pdf_tells_every_figure_and_sentence(told, written, lang):
    text = pdf_text(written / f"{lang}.pdf")
    report = told[lang]
    wanted = [figure.value for figure in report.figures]
    wanted += [section.title for section in report.sections]
    wanted += [cell[0] for row in said_rows(report) for cell in row if re.fullmatch(r"[\d,.%–]+", cell[0])]
    assert [told for told in wanted if squeezed(told) not in text] == []


def test_the_report_tells_what_the_plan_holds(demo_plan, told):
    report, total = told["en"], overall(demo_plan)
    assert report.figures[0].value == f"{percent(total.before.share)} → {percent(total.after.share)}"
    titles = [section.title for section in report.sections]
    order = ["Coverage", "Proposed sites, in build order", "Costs", "Largest remaining gaps"]
    assert [title for title in titles if title in order] == order
    cost = next(section for section in report.sections if section.title == "Costs").blocks[0]
    assert cost.rows[-1][1].text == "20"
    assert cost.rows[-1][2].text == number(float(demo_plan.sites.cost[demo_plan.chosen].sum()))
    assert sum(int(row[1].text) for row in cost.rows[:-1]) == 20


def test_a_plan_without_new_sites_has_a_report_too(demo_plan, chinese_font, tmp_path):
    solution = dataclasses.replace(demo_plan.solution, sites=np.array([], dtype=np.int64))
    bare = altered(
        demo_plan,
        solution=solution,
        why=(),
        robustness=dataclasses.replace(demo_plan.robustness, share=np.array([])),
        stations_after=demo_plan.recounted.stations_before,
    )
    report = plan_report(bare, lang="en")
    assert "No site is proposed." in report_page(report)
    write_word(report, tmp_path / "report.docx")
    write_pdf(report, tmp_path / "report.pdf")
    assert {path.name for path in tmp_path.iterdir()} == {"report.docx", "report.pdf"}


def test_the_same_plan_gives_the_same_bytes(told, written, tmp_path):
    write_word(told["zh"], tmp_path / "again.docx")
    write_pdf(told["zh"], tmp_path / "again.pdf")
    assert (tmp_path / "again.docx").read_bytes() == (written / "zh.docx").read_bytes()
    assert (tmp_path / "again.pdf").read_bytes() == (written / "zh.pdf").read_bytes()
    with zipfile.ZipFile(written / "zh.docx") as book:
        assert {entry.date_time[0] for entry in book.infolist()} == {2000}


# ---- Word ------------------------------------------------------------------------------------------------------------


def test_word_has_headings_repeated_heads_pictures_and_page_numbers(told, written):
    document = docx.Document(written / "zh.docx")
    headings = [line.text for line in document.paragraphs if line.style.name == "Heading 1"]
    assert headings == ["地图", *(section.title for section in told["zh"].sections)]
    for table in document.tables[1:]:
        assert table.rows[0]._tr.trPr.findall(qn("w:tblHeader"))
    charts = [block for section in told["zh"].sections for block in section.blocks if isinstance(block, Chart)]
    assert len(document.inline_shapes) == 1 + len(charts) == 3
    page = document.sections[0]
    assert (page.page_width.mm, page.page_height.mm) == pytest.approx((210, 297), abs=0.1)
    assert "PAGE" in page.footer._element.xml
    for style in ("Normal", "Heading 1", "Title"):
        fonts = document.styles[style].element.rPr.rFonts
        assert fonts.get(qn("w:eastAsia")) == "微软雅黑"
        assert not [key for key in fonts.attrib if key.endswith("Theme")]


# ---- PDF -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_pdf_begins_with_a_map_sheet_and_embeds_its_fonts(written, lang):
    sizes = re.findall(r"Page +\d+ size: +([\d.]+) x ([\d.]+)", asked("pdfinfo", "-l", 99, written / f"{lang}.pdf"))
    a3, *rest = [(round(float(a)), round(float(b))) for a, b in sizes]
    assert a3 == (1191, 842)
    assert rest
    assert set(rest) == {(595, 842)}
    fonts = asked("pdffonts", written / f"{lang}.pdf").splitlines()[2:]
    assert fonts
    assert {line.split()[-5] for line in fonts} == {"yes"}
    pages = len(sizes)
    assert f"{pages}/{pages}" in pdf_text(written / f"{lang}.pdf")


def test_without_a_chinese_font_only_reports_that_need_none_are_written(told, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(pdf_writer, "font_families", lambda: ("Libertinus Serif",))
    with caplog.at_level(logging.WARNING):
        write_pdf(told["zh"], tmp_path / "zh.pdf")
    assert not (tmp_path / "zh.pdf").exists()
    assert "本机没有中文字体" in caplog.text
    caplog.clear()
    write_pdf(small_report(["plain"]), tmp_path / "en.pdf")
    assert (tmp_path / "en.pdf").read_bytes().startswith(b"%PDF")
    assert caplog.text == ""


# ---- text is text ----------------------------------------------------------------------------------------------------


def small_report(texts: list[str]) -> Report:
    """A report that says each text everywhere."""
    cells = tuple(Cell(text, small=(text,), strong=True) for text in texts[:1])
    svg = picture(200, 40, [text_at(2, 20, texts[0])], texts[0])
    rows = tuple((Cell(text), *cells, Cell("", bar=(0.2, 0.7))) for text in texts)
    columns = (Column(texts[0], "name"), Column(texts[-1], "text"), Column("bar", "bar"))
    lines = Lines(tuple(texts))
    return Report(
        lang="en",
        title=texts[0],
        marks=("marks and the last line are never from an input",),
        notice=texts[0],
        figures_title="figures",
        figures=tuple(Figure(text, text[:20], text[:20]) for text in texts[:3]),
        sheet=MapSheet(texts[0], svg, "names", tuple(texts), tuple(texts[:2]), "", texts[0]),
        sections=(Section(texts[0], texts[0], (ReportTable(columns, rows, texts[0]), lines, Chart(svg, texts[0]))),),
        made_by="made by",
    )


@pytest.mark.parametrize("first", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_text_in_word_and_pdf(first, tmp_path):
    texts = [first, *(text for text in HOSTILE if text != first)]
    report = small_report(texts)
    write_word(report, tmp_path / "report.docx")
    rows = docx.Document(tmp_path / "report.docx").tables[1].rows[1:]
    assert [row.cells[0].paragraphs[0].text for row in rows] == [plain(text) for text in texts]
    write_pdf(report, tmp_path / "report.pdf")
    if first == HOSTILE[0]:
        shown = pdf_text(tmp_path / "report.pdf")
        assert [text for text in HOSTILE[:4] if squeezed(text) not in shown] == []
        assert "root:" not in shown


def test_every_text_of_a_report_is_looked_at_for_chinese():
    report = small_report(["text"])
    marked = dataclasses.replace(report, sections=(*report.sections, Section("a", "b", (Lines(("中文",)),))))
    assert "中文" in set(texts_of(marked))
    assert not pdf_writer.CHINESE.search("".join(texts_of(report)))


# ---- the map sheet ---------------------------------------------------------------------------------------------------


def squares(svg: Markup) -> dict[str, int]:
    """Squares of each colour on a map sheet."""
    paths = dict(re.findall(r'<path d="(M[^"]*z)" fill="(#\w+)"/>', svg))
    return {colour: path.count("M") for path, colour in paths.items() if "h" in path}


def test_the_sheet_shows_every_cell_with_workers_once_by_what_most_of_them_have(demo_plan):
    workers = demo_plan.demand.workers
    heads = workers.sum(axis=(1, 2))
    today, later = (
        (workers * (s > 0)).sum(axis=(1, 2))
        for s in (demo_plan.recounted.stations_before, demo_plan.recounted.stations_after)
    )
    first = (heads > 0) & (2 * today >= heads - 1e-9)
    second = (heads > 0) & ~first & (2 * later >= heads - 1e-9)
    none = (heads > 0) & ~first & ~second
    svg = sheet_maker.map_sheet(demo_plan, "en")
    expected = [int(some.sum()) for some in (first, second, none)]
    assert [squares(svg)[colour] for colour in sheet_maker.STATE_COLOURS] == expected
    assert re.findall(r">(\d+)</text>", svg)[-20:] == [str(i) for i in range(20, 0, -1)]


def test_small_cells_are_put_together(demo_plan, monkeypatch):
    before = sum(squares(sheet_maker.map_sheet(demo_plan, "en")).values())
    monkeypatch.setattr(sheet_maker, "LEAST_SIDE", 60.0)
    assert 20 < sum(squares(sheet_maker.map_sheet(demo_plan, "en")).values()) < before / 4


def test_a_review_number_stands_on_the_report(demo_plan):
    reviewed = altered(demo_plan, map_options=MapOptions(review_number="川S(2026)001"))
    assert plan_report(reviewed, lang="zh").sheet.review == "审图号：川S(2026)001"
    assert "川S(2026)001" in render_report(reviewed)


# ---- charts ----------------------------------------------------------------------------------------------------------


def test_growth_begins_with_today_and_ends_with_the_plan(demo_plan):
    total = overall(demo_plan)
    page = render_report(demo_plan, lang="en")
    ends = re.findall(r'font-weight="700" fill="#1d2733">([\d.]+%)<', page)
    assert ends == [percent(total.before.share), percent(total.after.share)]


def test_charts_stand_short_long_and_empty_rows():
    assert growth([0.5], x_title="x", y_title="y").count("<circle") == 1
    assert growth([i / 300 for i in range(301)], x_title="x", y_title="y").count("<circle") == 0
    svg = tiles(["a & b", "c" * 80], ["s"], [[None], [0.2]], [[None], [0.9]])
    assert "a &amp; b" in svg
    assert "20% → 90%" in svg
    assert ">–<" in svg


# ---- gaps ------------------------------------------------------------------------------------------------------------


def test_circles_hold_the_most_that_is_left_as_counted_by_hand():
    rng = np.random.default_rng(5)
    x, y, weight = rng.uniform(0, 6000, 300), rng.uniform(0, 6000, 300), rng.uniform(0, 4, 300)
    left = weight.copy()
    for centre, inside in most_in_circles(x, y, weight, 1000.0, 8):
        near = np.hypot(x[:, None] - x, y[:, None] - y) <= 1000.0
        sums = near @ left
        assert sums[centre] == pytest.approx(sums.max())
        assert set(np.flatnonzero(near[centre] & (left > 0))) == set(inside.tolist())
        left[inside] = 0.0


def test_gaps_are_disjoint_ranked_and_never_more_than_is_uncovered(demo_plan):
    gaps = biggest_gaps(demo_plan, 50)
    sizes = [float(gap.workers.sum()) for gap in gaps]
    assert 5 < len(gaps) <= 50
    assert sizes == sorted(sizes, reverse=True)
    total = overall(demo_plan).after
    assert sum(sizes) <= total.total - total.workers + 1e-6
    assert biggest_gaps(demo_plan, 3)[2].x == gaps[2].x


def test_a_gap_is_named_by_what_is_near_and_by_nothing_else(demo_plan):
    gap = biggest_gaps(demo_plan, 1)[0]
    sites = demo_plan.sites
    away = np.hypot(sites.x - gap.x, sites.y - gap.y)
    assert away[gap.near] == away.min()
    east, north = gap.x - sites.x[gap.near], gap.y - sites.y[gap.near]
    said = gap_place(demo_plan, gap, "en")
    assert ("north" in said.split(" m ")[1].split(" of ")[0]) == (north > abs(east) * np.tan(np.pi / 8))
    assert sites.name[gap.near] in said
    bare = altered(demo_plan, sites=dataclasses.replace(sites, name=("",) * len(sites)))
    lost = biggest_gaps(bare, 1)[0]
    assert lost.near == -1
    assert gap_place(bare, lost, "zh") == demo_plan.area.districts["name"].iloc[gap.district]


def test_nothing_is_a_gap_where_everybody_is_covered(demo_plan):
    covered = altered(demo_plan, stations_after=np.ones_like(demo_plan.recounted.stations_after))
    assert biggest_gaps(covered, 10) == []
    assert "With the plan, every worker is covered." in render_report(covered, lang="en")


# ---- the workbook ----------------------------------------------------------------------------------------------------


def test_the_workbook_tells_the_summary_and_the_gaps_and_prints_well(demo_plan, told, tmp_path):
    write_workbook(demo_plan, tmp_path / "sites.xlsx", lang="en")
    book = openpyxl.load_workbook(tmp_path / "sites.xlsx")
    rows = list(book["Summary"].iter_rows(min_row=2, values_only=True))
    assert [row[:2] for row in rows[:6]] == [(figure.label, figure.value) for figure in told["en"].figures]
    gaps = list(book["Gaps"].iter_rows(min_row=2, values_only=True))
    found = biggest_gaps(demo_plan, 50)
    assert [row[5] for row in gaps] == pytest.approx([float(gap.workers.sum()) for gap in found])
    assert [row[1] for row in gaps] == [gap_place(demo_plan, gap, "en") for gap in found]
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref
        assert sheet.print_title_rows == "$1:$1"
        assert sheet.page_setup.orientation == "landscape"
        assert (sheet.sheet_properties.pageSetUpPr.fitToPage, sheet.page_setup.fitToHeight) == (True, 0)


def test_negative_numbers_stay_numbers_in_the_workbook(tmp_path):
    columns = [("Text", "text", 10), ("Number", "tenth", 10)]
    write_sheets(tmp_path / "book.xlsx", [BookSheet("Sheet", columns, [["-1+1", -1.5]])], title="t")
    cells = openpyxl.load_workbook(tmp_path / "book.xlsx")["Sheet"][2]
    assert [(cell.value, cell.data_type) for cell in cells] == [("-1+1", "s"), (-1.5, "n")]


def test_the_csv_keeps_names_that_look_like_formulas_apart_from_numbers(demo_plan):
    named = altered(
        demo_plan,
        sites=dataclasses.replace(demo_plan.sites, name=tuple(f"-{name}" for name in demo_plan.sites.name)),
        name=LocalText("名", "name"),
    )
    line = sites_csv(named).splitlines()[1].split(",")
    assert line[2].startswith("'-")
    assert float(line[4]) > 100


# ---- the service circle and the existing stations --------------------------------------------------------------------


@pytest.fixture(scope="module")
def audited(demo_plan):
    """The demo with an audit and a scorecard that are made up, so that every case is there."""
    stand = np.flatnonzero(demo_plan.sites.existing)[:6]
    audit = Audit(
        site=stand,
        reached=np.array([10.0, 20.0, 30.0, 40.0, 50.0, 60.0]),
        alone_today=np.array([0.0, 2.0, 0.0, 4.0, 5.0, 6.0]),
        alone_after=np.array([0.0, 1.0, 0.0, 2.0, 3.0, 6.0]),
        longer=np.array([1.5, 0.0, 7.25, 0.0, 3.0, 0.0]),
        away_m=np.array([5.0, 5.0, 450.0, np.inf, 5.0, 5.0]),
        outside=np.array([False, True, False, False, False, False]),
        closable=stand[[2, 0]],
    )
    before = np.zeros_like(demo_plan.recounted.stations_before)
    after = before.copy()
    before[:300] = 1
    after[:600] = 2
    needed = (Needed(0.6, 0, 0, 0.97), Needed(0.9, 14, 12, 0.97), Needed(0.995, None, 0, 0.97))
    return altered(demo_plan, audit=audit, scorecard=Scorecard(15.0, 1000.0, before, after, needed))


def section_of(report: Report, title: str) -> Section:
    return next(section for section in report.sections if section.title == title)


def test_the_scorecard_tells_the_circle_and_what_is_needed(audited):
    report = plan_report(audited, lang="en")
    circle, needed = section_of(report, "15-minute service area").blocks
    workers = audited.demand.workers
    before, after = workers[:300].sum() / workers.sum(), workers[:600].sum() / workers.sum()
    assert [cell.text for cell in circle.rows[0]][2:] == [
        *(percent(share) for share in (before, after)),
        "0.0%",
        percent(after),
    ]
    assert len(circle.rows) == 1 + len(audited.area.districts)
    assert [[cell.text for cell in row] for row in needed.rows] == [
        ["60%", "0", "0", "97.0%"],
        ["90%", "14", "12", "97.0%"],
        ["99.5%", "Not reachable; add candidates", "0", "97.0%"],
    ]
    assert report.figures[1].value == f"{percent(before)} → {percent(after)}"
    assert report.figures[1].label == "Within 15 min and 1,000 m on foot"


def test_the_audit_tells_what_may_close_what_gains_and_what_is_odd(audited):
    said, closable, longer, odd = section_of(plan_report(audited, lang="en"), "Assessment of existing stations").blocks
    assert said.lines[0].startswith("2 of 6 stations could be closed today")
    names = [audited.sites.name[site] for site in audited.audit.site]
    assert [row[0].text for row in closable.rows] == [names[2], names[0]]
    assert [(row[0].text, row[3].text) for row in longer.rows] == [
        (names[2], "7.2"),
        (names[4], "3.0"),
        (names[0], "1.5"),
    ]
    assert [(row[0].text, row[2].text) for row in odd.rows] == [
        (names[1], "outside the study area"),
        (names[2], "450 m from the nearest road"),
        (names[3], "no road is near"),
    ]


def test_the_workbook_lists_every_station_of_the_audit(audited, tmp_path):
    write_workbook(audited, tmp_path / "sites.xlsx", lang="en")
    sheet = openpyxl.load_workbook(tmp_path / "sites.xlsx")["Existing stations"]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert [row[6] for row in rows] == [10, 20, 30, 40, 50, 60]
    assert [row[9] for row in rows] == [2, None, 1, None, None, None]
    assert [row[11] for row in rows] == [5, 5, 450, None, 5, 5]  # no road is no number of metres
