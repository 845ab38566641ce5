"""A chart of accounts, and a list of counterparties."""

import re
from collections.abc import Sequence, Set
from dataclasses import replace

from erp.base.sheets.heads import fold
from erp.base.sheets.values import text_of
from erp.finance.takeover.files.layout import (
    CODE,
    LONGEST_NUMBER,
    SEARCHED,
    TOTALS,
    Grid,
    Layout,
    cell_at,
    cells_of,
    folded_of,
    headings_of,
    left_out,
    text_at,
)
from erp.finance.takeover.files.model import Contents, CounterpartyRow
from erp.finance.takeover.model import Account, Kind, Recognised

_CHART_FIELDS: dict[str, tuple[str, ...]] = {
    "code": ("код", "кодсчета", "счет", "номерсчета", "шот", "шоткоды", "коды"),
    "name": ("наименование", "наименованиесчета", "атауы", "шотатауы"),
    "nature": ("вид", "видсчета", "акт", "ап", "активность", "типсчета", "түрі"),
    "off balance": ("заб", "забалансовый", "забаланс", "баланстантыс"),
}
_COUNTERPARTY_FIELDS: dict[str, tuple[str, ...]] = {
    "name": ("наименование", "контрагент", "наименованиевпрограмме", "краткоенаименование", "атауы"),
    "full name": ("полноенаименование", "наименованиеполное", "толықатауы"),
    "code": ("бин", "иин", "биниин", "иинбин", "бсн", "жсн", "бснжсн", "жснбсн", "иинбинконтрагента"),
    "iban": ("иик", "номерсчета", "расчетныйсчет", "банковскийсчет", "жск", "іban"),
    "bank": ("банк", "наименованиебанка", "основнойбанк"),
    "bic": ("бик", "бикбанка", "бск"),
}
_SUBCONTO = re.compile(r"(?:субконто|видсубконто|субконтотүрі)(\d)")
_YES = {"да", "иә", "yes", "true", "1", "x", "х", "v", "✓", "+", "з", "заб"}
_NATURES = {"а": "active", "активный": "active", "п": "passive", "пассивный": "passive", "ап": "both",
            "активнопассивный": "both"}  # fmt: skip


def _columns(folded: Sequence[str], fields: dict[str, tuple[str, ...]]) -> dict[str, int]:
    places: dict[str, int] = {}
    for at, word in enumerate(folded):
        meaning = next((name for name, words in fields.items() if word in words), None)
        if meaning and meaning not in places:
            places[meaning] = at
    return places


def chart_layout(grid: Grid) -> Layout | None:
    for head, row in enumerate(grid[:SEARCHED]):
        folded = folded_of(row)
        places = _columns(folded, _CHART_FIELDS)
        kinds = tuple(at for at, word in enumerate(folded) if _SUBCONTO.fullmatch(word))
        if {"code", "name"} <= places.keys() and (kinds or {"nature", "off balance"} & places.keys()):
            lists = {"subconto": kinds} if kinds else {}
            headings = headings_of(grid, head, places, lists)
            ignored = left_out(row, {*places.values(), *kinds})
            return Layout(Recognised(Kind.CHART, head + 1, headings, ignored), head + 1, places, lists)
    return None


def chart(name: str, grid: Grid, layout: Layout, known: Set[str]) -> Contents:
    accounts: dict[str, Account] = {}
    places = layout.places
    for row in grid[layout.first_row :]:
        code = text_at(row, places["code"], LONGEST_NUMBER)
        if not CODE.fullmatch(code):
            continue
        kinds = [text_at(row, at) for at in layout.lists.get("subconto", ())]
        while kinds and not kinds[-1]:
            kinds.pop()
        accounts[code] = Account(
            code,
            text_at(row, places["name"]),
            _NATURES.get(fold(text_at(row, places.get("nature"))), ""),
            text_of(cell_at(row, places.get("off balance"))).casefold() in _YES,
            tuple(kinds),
        )
    return Contents(replace(layout.recognised, span=None), tuple(accounts.values()))


def counterparties_layout(grid: Grid) -> Layout | None:
    for head, row in enumerate(grid[:SEARCHED]):
        places = _columns(folded_of(row), _COUNTERPARTY_FIELDS)
        if {"name", "code"} <= places.keys():
            headings = headings_of(grid, head, places, {})
            ignored = left_out(row, set(places.values()))
            return Layout(Recognised(Kind.COUNTERPARTIES, head + 1, headings, ignored), head + 1, places)
    return None


def counterparties(name: str, grid: Grid, layout: Layout, known: Set[str]) -> Contents:
    places, rows = layout.places, []
    for index in range(layout.first_row, len(grid)):
        row = grid[index]
        named = text_at(row, places["name"])
        if not named or fold(named) in TOTALS:
            continue
        code = re.sub(r"\s", "", text_at(row, places["code"], LONGEST_NUMBER))
        rows.append(
            CounterpartyRow(
                index + 1,
                named,
                text_at(row, places.get("full name")),
                code.zfill(12) if code.isascii() and code.isdecimal() and len(code) < 12 else code,
                re.sub(r"\s", "", text_at(row, places.get("iban"), LONGEST_NUMBER)).upper(),
                text_at(row, places.get("bank")) or text_at(row, places.get("bic")),
                cells_of(row),
            )
        )
    return Contents(replace(layout.recognised, span=None), counterparties=tuple(rows))
