"""Pure rules of settlements: the entry that another context's approval makes."""

import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from erp.base.dates import DateInterval, day_string
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
    """What entries of the trips of a day are drafted with; empty where nothing is known to be in force."""

    journal: str
    advance: str
    """The control account of open advances: a report is covered from it."""
    paid_from: tuple[str, ...]
    """Plan accounts, of which the books are kept on one."""
    cost: str
    owed: str
    inside: str
    abroad: str
    verified: bool


@cache
def _shipped() -> Mapping[str, Any]:
    return tomllib.loads(_ACCOUNTS.read_text(encoding="utf-8"))


def accounts_on(day: date, told: Mapping[str, Any] | None = None) -> Accounts:
    """What is in force on the first day of a trip, of the shipped file or of ``told``."""
    file = _shipped() if told is None else told
    found = {name: _in_force(file[name], day) for name in ("journal", "advance", "report", "specific")}

    def named(fact: str, place: str) -> str:
        return str(found[fact].get(place, ""))

    return Accounts(
        named("journal", "code"),
        named("advance", "account"),
        tuple(found["advance"].get("paid_from", ())),
        named("report", "cost"),
        named("report", "owed"),
        named("specific", "inside"),
        named("specific", "abroad"),
        all(fact.get("confidence") in ("verified", "high") for fact in found.values()),
    )


def _in_force(rows: Iterable[Mapping[str, Any]], day: date) -> Mapping[str, Any]:
    return next((row for row in rows if day in DateInterval(row["valid_from"], row.get("valid_until"))), {})


def control_accounts() -> list[str]:
    """Every account that has ever held the open advances of trips."""
    return sorted({row["account"] for row in _shipped()["advance"]})


def sheet_of(told: TripSettlement) -> Sheet:
    """The entry of an advance or of an approved report; what only the accountant knows is left empty.

    Of a report each kind of cost is one row, covered by the advance as far as it reaches, in the order told; what is
    beyond it is owed to the person.  What is left of the advance stays with the person until it is returned.
    """
    named = accounts_on(told.first)
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
                for account, tiyn in ((named.advance, covered), (named.owed, line.amount_tiyn - covered))
                if tiyn
            ]
    return Sheet(named.journal, memo=memo[:1000], rows=tuple(rows))


def _typed(tiyn: int) -> str:
    """An amount as people of the country type it."""
    return decimal_string(tiyn).replace(".", ",")


def _specific(named: Accounts, *, abroad: bool) -> dict[str, str]:
    code = named.abroad if abroad else named.inside
    return {"specific": code} if code else {}


def completed(sheet: Sheet, day: date, in_use: Collection[str], programmes: Collection[str]) -> Sheet:
    """The sheet with the day, and with what the books leave no choice of: the plan account, the programme."""
    paid_from = next(iter(in_use)) if len(in_use) == 1 else ""
    programme = {"programme": next(iter(programmes))} if len(programmes) == 1 else {}

    def filled(side: TypedSide) -> TypedSide:
        return replace(side, account=side.account or paid_from, dimensions=programme | dict(side.dimensions))

    rows = (replace(row, debit=filled(row.debit), credit=filled(row.credit)) for row in sheet.rows)
    return replace(sheet, effective_on=sheet.effective_on or day_string(day), rows=tuple(rows))
