"""Pure rules of settlements: the entry that another context's approval makes."""

import tomllib
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from erp.base.dates import day_string
from erp.base.errors import Conflict, NotFound, RuleViolated
from erp.base.money import decimal_string
from erp.finance.drafts.model import Sheet, TypedRow, TypedSide
from erp.hr.contracts.types import TripSettlement

_ACCOUNTS = Path(__file__).parent / "kz" / "accounts.toml"
SHORTEST_REASON = 3


class SettlementUnknown(NotFound):
    code = "settlement-unknown"
    template = "There is no such settlement in this inbox."


class SettlementChanged(Conflict):
    code = "settlement-changed"
    template = "Somebody has acted on this settlement since you opened it. Look at it anew."


class SettlementReasonMissing(RuleViolated):
    code = "settlement-reason-missing"
    template = "Say why it is declined, in at least {limit} characters: the person reads it."


@dataclass(frozen=True, slots=True)
class Accounts:
    """What entries of trips are drafted with, as the shipped file has it."""

    journal: str
    advance: str
    paid_from: tuple[str, ...]
    """Plan accounts, of which the books are kept on one."""
    cost: str
    covered: str
    owed: str
    inside: str
    abroad: str


@cache
def accounts() -> Accounts:
    told: Mapping[str, Any] = tomllib.loads(_ACCOUNTS.read_text(encoding="utf-8"))
    advance, report, specific = told["advance"], told["report"], told["specific"]
    return Accounts(
        told["journal"]["code"],
        advance["debit"],
        tuple(advance["credit"]),
        report["debit"],
        report["covered"],
        report["owed"],
        specific["inside"],
        specific["abroad"],
    )


def sheet_of(told: TripSettlement) -> Sheet:
    """The entry of an advance or of an approved report; what only the accountant knows is left empty.

    Of a report each kind of cost is one row, covered by the advance as far as it reaches, in the order told; what is
    beyond it is owed to the person.  What is left of the advance stays with the person until it is returned.
    """
    named = accounts()
    memo = f"{told.person}: {told.route}, {day_string(told.first)} – {day_string(told.last)}"
    if told.kind == "advance":
        specific = _specific(named, abroad=told.abroad)
        rows = [TypedRow(TypedSide(named.advance, specific), TypedSide("", specific), _typed(told.advance_tiyn), memo)]
    else:
        rows, left = [], told.advance_tiyn
        for line in told.lines:
            covered = min(left, line.amount_tiyn)
            left -= covered
            specific = _specific(named, abroad=line.abroad)
            rows += [
                TypedRow(TypedSide(named.cost, specific), TypedSide(account, specific), _typed(tiyn), memo)
                for account, tiyn in ((named.covered, covered), (named.owed, line.amount_tiyn - covered))
                if tiyn
            ]
    return Sheet(named.journal, memo=memo[:1000], rows=tuple(rows))


def _typed(tiyn: int) -> str:
    """An amount as people of the country type it."""
    return decimal_string(tiyn).replace(".", ",")


def _specific(named: Accounts, *, abroad: bool) -> dict[str, str]:
    return {"specific": named.abroad if abroad else named.inside}


def completed(sheet: Sheet, day: date, in_use: Set[str], programmes: Set[str]) -> Sheet:
    """The sheet with the day, and with what the books leave no choice of: the plan account, the programme."""
    plan = [code for code in accounts().paid_from if code in in_use]
    paid_from = plan[0] if len(plan) == 1 else ""
    programme = {"programme": next(iter(programmes))} if len(programmes) == 1 else {}

    def filled(side: TypedSide) -> TypedSide:
        return replace(side, account=side.account or paid_from, dimensions=programme | dict(side.dimensions))

    rows = (replace(row, debit=filled(row.debit), credit=filled(row.credit)) for row in sheet.rows)
    return replace(sheet, effective_on=sheet.effective_on or day_string(day), rows=tuple(rows))
