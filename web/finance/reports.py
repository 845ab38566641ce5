"""Reports over the journal: the trial balance and the account card."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.params import FromPath

from api.problems import status_of
from api.security import Visit, Visitor
from erp.base.clock import today
from erp.base.dates import DaySpan, MonthSpan, month_string
from erp.base.errors import RuleViolated
from erp.base.i18n import Language
from erp.base.uow import UnitOfWork
from erp.finance.journal import service
from erp.finance.journal.model import AccountCard, BalanceRow, Month, TrialBalance
from erp.reference.access.model import Permission
from erp.reference.organisations.model import Organisation
from ledger.errors import LedgerError
from web.faults import Refusal, fault_sheet
from web.finance.fields import all_verified
from web.finance.months import asked_day, asked_span, choices, parse_instant, year_to
from web.forms import tidy
from web.i18n import speech
from web.pages import Ask, Id, organisation_at, own_address, query_of, render

_READ = {"policy": Permission.JOURNAL_READ}


@dataclass(frozen=True)
class Line:
    """A row of the trial balance as the page shows it."""

    row: BalanceRow
    depth: int
    card_url: str
    is_first: bool
    """Whether this is the account's first row, which names it and where a way back leads."""


@dataclass(frozen=True)
class Books:
    """What both reports begin with."""

    organisation: Organisation
    months: list[Month]
    span: MonthSpan
    fault: Refusal | None

    @classmethod
    def read(cls, uow: UnitOfWork, organisation_id: int, query: dict[str, str]) -> "Books":
        last = service.last_month_posted(uow, organisation_id) or today()
        span, fault = asked_span(query, year_to(last))
        return cls(organisation_at(uow), service.months(uow, organisation_id), span, fault)

    @property
    def address(self) -> dict[str, str]:
        return {"from": month_string(self.span.first), "to": month_string(self.span.last)}

    def shown(self, language: Language) -> dict[str, Any]:
        """What the templates of both reports begin with."""
        return {
            "organisation": self.organisation,
            "section": "trial-balance",
            "status": status_of(self.fault) if self.fault else 200,
            "faults": fault_sheet(self.fault, language).summary,
            "span": self.span,
            "span_name": speech(language).months(self.span.first, self.span.last),
            "month_choices": choices(self.months, self.span),
        }


@get("/o/{organisation_id:int}/trial-balance", opt=_READ, sync_to_thread=True)
def trial_balance(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    query = query_of(request)
    by_dimensions = query.get("by") == "dimensions"
    closing = query.get("closing") != "without"
    known_at, unknown = _known_at(visit, query.get("known", ""))

    def show(uow: UnitOfWork) -> tuple[Books, DaySpan | None, TrialBalance]:
        books = Books.read(uow, organisation_id, query)
        days, misread = asked_day(query, books.span)
        balance = service.trial_balance(
            uow, organisation_id, days or books.span, by_dimensions=by_dimensions, closing=closing, known_at=known_at
        )
        return replace(books, fault=books.fault or misread or unknown), days, balance

    books, days, balance = visit.read(show)
    chosen = {name: query[name] for name in ("by", "closing", "day", "known") if query.get(name)}
    address = books.address | chosen
    lines = list(
        _lines(balance.rows, f"/o/{organisation_id}/", books.address, f"{request.url.path}?{urlencode(address)}")
    )
    return render(
        request,
        "reports/trial_balance.html",
        **books.shown(visit.language),
        by_dimensions=by_dimensions,
        closing=closing,
        days=days,
        known_at=known_at,
        asked=query,
        balance=balance,
        lines=lines,
        off_balance=any(line.row.account.kind == "off_balance" for line in lines),
        unverified=not all(line.row.account.verified and all_verified(line.row.dimensions) for line in lines),
    )


def _known_at(visit: Visit, text: str) -> tuple[datetime | None, Refusal | None]:
    """The instant typed, once what was known then is settled; with the fault where there is no such."""
    if not text:
        return None, None
    try:
        instant = parse_instant(text)
        visit.run(lambda uow: service.make_known(uow, instant))
        return instant, None
    except (RuleViolated, LedgerError) as fault:
        return None, fault


def _lines(rows: Sequence[BalanceRow], home: str, months: dict[str, str], back: str) -> Iterator[Line]:
    depth: dict[int, int] = {}
    for row in rows:
        account = row.account
        is_first = account.id not in depth
        parent = account.parent_id
        depth[account.id] = depth.get(parent, -1) + 1 if parent is not None else 0
        own = {"subaccount": str(row.subaccount_id)} if row.subaccount_id is not None else {}
        way = urlencode(months | own | {"back": f"{back}#a-{account.code}"})
        card_url = f"{home}accounts/{account.code}/card?{way}" if account.postable else ""
        yield Line(row, depth[account.id], card_url, is_first)


@get("/o/{organisation_id:int}/accounts/{code:str}/card", opt=_READ, sync_to_thread=True)
def account_card(request: Ask, visit: Visitor, organisation_id: Id, code: FromPath[str]) -> Response[str]:
    query = query_of(request)
    cursor = query.get("cursor")
    asked = query.get("subaccount", "")
    subaccount = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else None

    def show(uow: UnitOfWork) -> tuple[Books, AccountCard]:
        books = Books.read(uow, organisation_id, query)
        card = service.account_card(uow, organisation_id, tidy(code), books.span, cursor, subaccount=subaccount)
        return books, card

    books, card = visit.read(show)
    home = f"/o/{organisation_id}/"
    usual_back = f"{home}trial-balance?{urlencode(books.address)}#a-{code}"
    following = card.lines.next_cursor
    return render(
        request,
        "reports/card.html",
        **books.shown(visit.language),
        card=card,
        counted=bool(card.quantity or any(line.quantity for line in card.lines.rows)),
        in_currency=bool(card.currency or any(line.currency for line in card.lines.rows)),
        subaccount=subaccount,
        back=own_address(query.get("back", ""), under=home, otherwise=usual_back),
        is_first_page=cursor is None,
        unverified=not (card.account.verified and all(all_verified(row.dimensions) for row in card.lines.rows)),
        next_url=f"{request.url.path}?{urlencode(query | {'cursor': following})}" if following else "",
    )


routes = [trial_balance, account_card]
