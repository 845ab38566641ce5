"""Opening balances and entries of the other program: what can be posted, and what is refused and why."""

from datetime import date
from typing import Any
from uuid import uuid4

from litestar import Response
from litestar.params import FromPath

from erp.base.dates import parse_month
from erp.base.sheets.model import letters
from erp.base.uow import UnitOfWork
from erp.finance.takeover.files.model import Unread
from erp.finance.takeover.mapping import service as mapping
from erp.finance.takeover.posting import months as entries
from erp.finance.takeover.posting import opening as balances
from erp.finance.takeover.posting.model import Refused
from erp.finance.takeover.posting.rules import OpeningMissing
from web.faults import Refusal
from web.finance.takeover.at import MOST_SHOWN, ONE, At, Here, Told, form, page
from web.forms import key_typed
from web.i18n import Speech
from web.session import Sent
from web.tables.download import FORMATS
from web.tables.model import Column, Row, Table
from web.tables.model import Kind as Cell

# ------------------------------------------------------------------------------------------------ opening balances


@page(ONE + "/opening")
def opening(at: Here) -> Response[Any]:
    return _opening(at)


@form(ONE + "/opening")
def post_opening(at: Here, data: Sent) -> Response[Any]:
    """Post the opening balances, or take them back."""
    act = balances.take_back_opening if data.get("do") == "take-back" else balances.post_opening
    return at.act(lambda u: act(u, *at.ids, key_typed(data.get("key", ""))), "/opening", _opening)


def _opening(at: At, refusal: Refusal | None = None) -> Response[Any]:
    def read(u: UnitOfWork) -> dict[str, Any]:
        try:
            planned = balances.opening(u, *at.ids)
        except OpeningMissing as missing:
            return {"planned": None, "missing": at.say.refusal(missing)}
        chart = mapping.chart(u, *at.ids)
        sums: dict[str, int] = {}
        for side, tiyn in planned.balances.items():
            sums[side.account] = sums.get(side.account, 0) + tiyn
        shown = [(chart[code], tiyn) for code, tiyn in sums.items()]
        return {
            "planned": planned,
            "missing": "",
            "sums": sorted(shown, key=lambda each: (each[0].is_off_balance, each[0].code)),
            "wrong": [(fault.side, fault.tiyn, at.say.refusal(fault.error)) for fault in planned.faults],
        }

    return at.page("opening", read, refusal, key=str(uuid4()))


# ------------------------------------------------------------------------------------------------ entries


@page(ONE + "/months")
def months(at: Here) -> Response[Any]:
    return at.page("months", lambda u: {"lines": entries.months(u, *at.ids)})


@page(ONE + "/months/{month:str}")
def month(at: Here, month: FromPath[str]) -> Response[Any]:
    on = parse_month(month)
    if (wanted := at.query.get("as")) in FORMATS:
        return at.table(wanted, lambda u: _rest(at, u, on))
    return _month(at, on)


@form(ONE + "/months/{month:str}")
def post_month(at: Here, month: FromPath[str], data: Sent) -> Response[Any]:
    """Post what can be posted of a month."""
    on = parse_month(month)
    return at.act(
        lambda u: entries.post_month(u, *at.ids, on, key_typed(data.get("key", ""))), f"/months/{on:%Y-%m}",
        lambda at, refusal: _month(at, on, refusal),
    )  # fmt: skip


def _month(at: At, on: date, refusal: Refusal | None = None) -> Response[Any]:
    def read(u: UnitOfWork) -> dict[str, Any]:
        plan = entries.month_plan(u, *at.ids, on)
        reasons: dict[str, int] = {}
        for fault in plan.refused:
            reason = _why(fault, at.say)
            reasons[reason] = reasons.get(reason, 0) + 1
        return {
            "plan": plan,
            "line": next((m for m in entries.months(u, *at.ids) if m.month == on), None),
            "refused": [(fault, _why(fault, at.say)) for fault in plan.refused[:MOST_SHOWN]],
            "reasons": sorted(reasons.items(), key=lambda each: -each[1]),
        }

    return at.page("month", read, refusal, key=str(uuid4()))


def _why(fault: Refused, say: Speech) -> str:
    error = fault.error
    return say.told(error.template, error.fields) if isinstance(error, Unread) else say.refusal(error)


def _rest(at: At, u: UnitOfWork, on: date) -> Told:
    """Refused rows exactly as in the file, with their places and the reasons."""
    say, plan = at.say, entries.month_plan(u, *at.ids, on)
    width = max((len(fault.row.cells) for fault in plan.refused), default=0)
    columns = [Column(say("Place"), Cell.CODE), *(Column(letters(column)) for column in range(width)),
               Column(say("Why refused"))]  # fmt: skip
    rows = [
        Row([f"A{fault.row.row_no}", *fault.row.cells, *[""] * (width - len(fault.row.cells)), _why(fault, say)])
        for fault in plan.refused
    ]
    facts = ((say("File"), plan.file.name), (say("Month"), say.month(on)))
    return Table(say("Rows not posted"), columns, rows), f"takeover-rest-{on:%Y-%m}", facts


routes = [opening, post_opening, months, month, post_month]
