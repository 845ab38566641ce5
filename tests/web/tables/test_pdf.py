"""A table on paper says what it says on a page, in letters that are in the file, whatever was typed."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pypdf import PageObject, PdfReader

from erp.base.i18n import Language
from web.print import press
from web.tables import pdf
from web.tables.model import About, Column, Kind, Row, Table

NOW = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
ABOUT = About([("", "№ 7 мектеп-гимназия"), ("БСН", "120540000021")], NOW, "a", "Жасалды: Айгүл", Language.KK)
KAZAKH = "ӘҒҚҢӨҰҮҺІәғқңөұүһі"
COLUMNS = [
    Column("Шот", Kind.CODE),
    Column("Атауы"),
    Column("Күні", Kind.DAY),
    Column("Дт", Kind.MONEY, "Айналым", is_total=True),
    Column("Кт", Kind.MONEY, "Айналым", is_total=True),
]
DAY = date(2026, 3, 16)


def printed(table: Table, about: About = ABOUT) -> PdfReader:
    return PdfReader(BytesIO(pdf.write(pdf.Copy.of(table, about))))


def text_of(pages: Iterable[PageObject]) -> str:
    return "\n".join(page.extract_text() for page in pages)


def squeezed(text: str) -> str:
    return "".join(text.split())


def fonts_of(paper: PdfReader) -> dict[str, Any]:
    """Fonts by name: what their file of letters is, and what letters they tell."""
    found: dict[str, Any] = {}
    for page in paper.pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            inside = font.get_object()
            descendant = inside["/DescendantFonts"][0].get_object()
            file = descendant["/FontDescriptor"].get_object()
            content = next(file[name].get_object().get_data() for name in ("/FontFile2", "/FontFile3") if name in file)
            found[inside["/BaseFont"]] = (content, inside["/ToUnicode"].get_object().get_data().decode())
    return found


def a_row(at: int, name: str = "Қағаз", **said: Any) -> Row:
    return Row([str(1000 + at), name, DAY, at * 100, 0], **said)


def test_every_kazakh_letter_is_in_the_file_upright_bold_and_in_the_figures() -> None:
    rows = [Row([KAZAKH, KAZAKH, DAY, 123456789, 0]), Row([KAZAKH, KAZAKH, DAY, 1, 1], is_heading=True)]
    paper = printed(Table(KAZAKH, COLUMNS, rows, "Жиыны"))
    fonts = fonts_of(paper)
    assert {name.partition("+")[2] for name in fonts} == {"PTSans-Regular", "PTSans-Bold"}
    for name, (content, told) in fonts.items():
        assert len(content) > 5_000, "the letters themselves are inside"
        missing = [letter for letter in KAZAKH if f"{ord(letter):04X}" not in told.upper()]
        assert missing == [], name
    assert text_of(paper.pages).count(KAZAKH) >= 4


def test_without_the_letters_that_npm_brings_those_of_the_typesetter_have_them_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(press, "FONTS", tmp_path / "nothing")
    paper = printed(Table("Т", COLUMNS, [Row([KAZAKH, KAZAKH, DAY, 1, 0])]))
    assert all("Libertinus" in name for name in fonts_of(paper))
    assert KAZAKH in text_of(paper.pages)


def test_the_head_stands_on_each_page_and_pages_are_numbered() -> None:
    rows = [a_row(at) for at in range(300)]
    about = About(ABOUT.facts, NOW, "a", "Жасалды: Айгүл", Language.KK, "408 нысан", ["Ескерту"], ["Орындаған"])
    paper = printed(Table("Ведомость", COLUMNS, rows, "Жиыны"), about)
    pages = [page.extract_text() for page in paper.pages]
    assert len(pages) > 3
    for number, text in enumerate(pages, start=1):
        assert text.count("Атауы") == 1
        assert f"{number} / {len(pages)}" in text
        assert "Жасалды: Айгүл" in text
    assert "44850,00" in squeezed(pages[-1]), "the sum of all"
    for said in ("№ 7 мектеп-гимназия", "120540000021", "Ведомость", "408 нысан"):
        assert said in pages[0]
    for said in ("Жиыны", "Ескерту", "Орындаған"):
        assert said in pages[-1]
        assert said not in pages[0]


def test_no_row_is_in_two_pages() -> None:
    rows = [a_row(at, f"Б{at}А " + "ұзақ атау " * (at % 30) + f"С{at}Я") for at in range(120)]
    pages = [squeezed(page.extract_text()) for page in printed(Table("Т", COLUMNS, rows)).pages]
    assert len(pages) > 3
    for at in range(120):
        begins = [n for n, page in enumerate(pages) if f"Б{at}А" in page]
        assert begins == [n for n, page in enumerate(pages) if f"С{at}Я" in page], at
        assert len(begins) == 1


def test_a_wide_table_lies_across_and_a_very_wide_one_is_in_bands_that_name_their_rows() -> None:
    def shape(number: int) -> tuple[bool, int, str]:
        names = [f"К{at}" for at in range(number)]
        columns = [Column("Шот", Kind.CODE), Column("Атауы"), *(Column(n, Kind.MONEY, "Кредит") for n in names)]
        paper = printed(Table("Т", columns, [Row(["1010", "Касса", *[123456789012] * number])]))
        box = paper.pages[0].mediabox
        text = text_of(paper.pages)
        assert [n for n in names if n not in text.split()] == []
        return box.width > box.height, len(paper.pages), text

    assert shape(3)[:2] == (False, 1)
    assert shape(7)[:2] == (True, 1)
    across, pages, text = shape(40)
    assert (across, pages) == (True, 4)
    assert text.count("Касса") == pages


def test_the_same_table_is_the_same_octets_dated_by_what_it_is_about() -> None:
    table = Table("Т", COLUMNS, [a_row(at) for at in range(50)], "Жиыны")
    one, other = (pdf.write(pdf.Copy.of(table, ABOUT)) for _ in range(2))
    assert one == other
    assert PdfReader(BytesIO(one)).metadata["/CreationDate"] == "D:20261122140500Z"  # type: ignore[index]
    later = About(ABOUT.facts, NOW.replace(minute=6), "a", ABOUT.made, Language.KK)
    assert pdf.write(pdf.Copy.of(table, later)) != one


def test_a_table_too_long_for_paper_is_refused_with_what_to_do_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MOST_CELLS", 50)
    pdf.Copy.of(Table("Т", COLUMNS, (a_row(at) for at in range(10))), ABOUT)
    with pytest.raises(pdf.TooManyRows, match=r"at most 10 rows.*Excel"):
        pdf.Copy.of(Table("Т", COLUMNS, (a_row(at) for at in range(11))), ABOUT)


TYPED = st.characters(min_codepoint=0x20, max_codepoint=0x7E) | st.characters(
    min_codepoint=0x400, max_codepoint=0x4FF, categories=["L"], include_characters="«»№₸—–…“”’°§"
)
"""What keyboards here have."""
SYNTAX = [
    '#import "@preview/tablex:0.0.8": *',
    '#read("/etc/passwd") #sys.inputs #eval("1+1")',
    "$ x^2 $ *bold* _italic_ `raw` @ref <label> // comment /* more */ [content]",
    "= heading - item + item / term: x ~ -- --- ... \\u{41} \\# \"q\" 'q' https://x.kz",
    "\\" * 40,
    "Ұзақсөз" * 60,
    "#" * 300,
    "{{ jinja }} {% x %} <script>alert(1)</script> &amp;",
]


@settings(max_examples=40)
@given(
    typed=st.lists(
        st.text(TYPED, max_size=60),
        min_size=1,
        max_size=6,
    )
)
@example(typed=SYNTAX)
def test_whatever_was_typed_is_printed_as_it_was_typed(typed: list[str]) -> None:
    title, *_ = typed
    rows = [Row([text, text, DAY, 1, 0], is_heading=at % 2 == 0) for at, text in enumerate(typed)]
    about = About([("", title), ("fact", typed[-1])], NOW, "a", typed[-1], Language.EN, title, typed, typed[:2])
    told = squeezed(text_of(printed(Table(title, COLUMNS, rows, title), about).pages))
    for text in typed:
        assert told.count(squeezed(text)) >= 2, text
