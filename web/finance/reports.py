"""Reports over the journal: the trial balance and the account card."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.params import FromPath

from api.security import Visitor
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.finance.journal import service
from erp.finance.journal.model import AccountCard, BalanceRow, TrialBalance
from erp.finance.reports import service as reports
from erp.finance.reports.model import Figure, Part
from erp.reference.access.model import Permission
from ledger.model import Dimension
from web.finance import layouts
from web.finance.books import Books, known_at
from web.finance.fields import all_verified
from web.finance.figures import Ways
from web.finance.reorganisations import Predecessor, predecessors
from web.forms import tidy
from web.i18n import speech
from web.pages import Ask, Id, own_address, query_of, render
from web.tables.download import FORMATS, download
from web.tables.model import About, Table

_READ = {"policy": Permission.JOURNAL_READ}
UNVERIFIED = N_("not verified: the code or the name has not been checked against the official act")


@dataclass(frozen=True)
class Line:
    """A row of the trial balance as the page shows it."""

    row: BalanceRow
    depth: int
    card_url: str
    urls: list[str]
    """Ways to what the six figures are made of."""
    is_first: bool
    """Whether this is the account's first row, which names it and where a way back leads."""


def asked_dimensions(query: dict[str, str]) -> tuple[Dimension, ...]:
    """One or two dimensions that the address tells rows apart by."""
    named = (query.get(name, "").upper() for name in ("by", "by2"))
    return tuple(dict.fromkeys(Dimension[name] for name in named if name in Dimension.__members__))


@get("/o/{organisation_id:int}/trial-balance", opt=_READ, sync_to_thread=True)
def trial_balance(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    query = query_of(request)
    by_all = query.get("by") == "dimensions"
    dimensions = asked_dimensions(query)
    known = known_at(visit, query.get("known", ""))
    say = speech(visit.language)

    def read(uow: UnitOfWork) -> tuple[Books, TrialBalance]:
        books = Books.read(uow, organisation_id, query, known)
        if dimensions:
            return books, reports.trial_balance(uow, organisation_id, books.cut(uow), dimensions)
        balance = service.trial_balance(
            uow,
            organisation_id,
            books.whole,
            by_dimensions=by_all,
            closing=books.closing,
            known_at=books.known_at,
        )
        return books, balance

    def show(uow: UnitOfWork) -> tuple[Books, TrialBalance, list[Predecessor]]:
        books, balance = read(uow)
        return books, balance, predecessors(visit, uow, organisation_id, books.span.last)

    def make(uow: UnitOfWork) -> tuple[Table, About]:
        books, balance = read(uow)
        told_apart = tuple(Dimension) if by_all else dimensions
        named = {value.dimension for row in balance.rows for value in row.dimensions}
        shown = [dimension for dimension in told_apart if dimension in named]
        table = layouts.trial_balance(balance, shown, layouts.depths_of(balance.rows), say)
        sure = all(row.account.verified and all_verified(row.dimensions) for row in balance.rows)
        about = books.required().about(visit, "trial-balance")
        return table, about if sure else replace(about, notes=[say(UNVERIFIED)])

    if query.get("as") in FORMATS:
        return download(visit, query["as"], make)
    books, balance, joined = visit.read(show)
    chosen = {name: query[name] for name in ("by", "by2") if query.get(name)}
    home = f"/o/{organisation_id}/"
    ways = Ways(home, books.period, f"{request.url.path}?{urlencode(books.period | chosen)}")
    lines = list(_lines(balance.rows, None if by_all else dimensions, ways))
    return render(
        request,
        "reports/trial_balance.html",
        **books.shown(visit.language) | books.units(visit.language) | {"section": "trial-balance"},
        by=query.get("by", ""),
        by2=query.get("by2", ""),
        dimensions=[(d.slug, say.dimension(d)) for d in Dimension],
        balance=balance,
        predecessors=joined,
        lines=lines,
        total_urls=[ways.to(Figure(part), "total") for part in (Part.DEBIT, Part.CREDIT)],
        off_balance=any(line.row.account.kind == "off_balance" for line in lines),
        unverified=not all(line.row.account.verified and all_verified(line.row.dimensions) for line in lines),
    )


def _lines(rows: Sequence[BalanceRow], dimensions: Sequence[Dimension] | None, ways: Ways) -> Iterator[Line]:
    depths = layouts.depths_of(rows)
    first_of: dict[int, bool] = {}
    editions: dict[str, set[int]] = {}
    for row in rows:
        editions.setdefault(row.account.code, set()).add(row.account.id)
    for row in rows:
        account = row.account
        is_first = first_of.setdefault(account.id, True)
        first_of[account.id] = False
        at = f"a-{account.code}"
        edition = account.id if len(editions[account.code]) > 1 else None
        told_apart = () if row.subaccount_id is None and dimensions is None else dimensions
        urls = layouts.balance_ways(ways, row, told_apart, at, edition)
        card_url = ways.card(account.code, at, row.subaccount_id) if account.postable else ""
        yield Line(row, depths[account.id], card_url, urls, is_first)


@get("/o/{organisation_id:int}/accounts/{code:str}/card", opt=_READ, sync_to_thread=True)
def account_card(request: Ask, visit: Visitor, organisation_id: Id, code: FromPath[str]) -> Response[Any]:
    query = query_of(request)
    cursor = query.get("cursor")
    asked = query.get("subaccount", "")
    subaccount = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else None

    def read(uow: UnitOfWork) -> tuple[Books, AccountCard]:
        books = replace(Books.read(uow, organisation_id, query), days=None)
        card = service.account_card(uow, organisation_id, tidy(code), books.span, cursor, subaccount=subaccount)
        return books, card

    def show(uow: UnitOfWork) -> tuple[Books, AccountCard, list[Predecessor]]:
        books, card = read(uow)
        return books, card, predecessors(visit, uow, organisation_id, books.span.last)

    def make(uow: UnitOfWork) -> tuple[Table, About]:
        books, card = read(uow)
        named = {value.dimension: value.code for value in card.dimensions}
        values = {d: named.get(d, "") for d in Dimension} if subaccount is not None else {}
        figure = Figure(Part.TURNOVER, account=card.account.code, dimensions=values)
        lines = reports.every_line_behind(uow, organisation_id, reports.cut_of(uow, books.span), figure)
        say = speech(visit.language)
        name = f"{card.account.code} {card.account.name(visit.language)}"
        facts = [(say("Account"), name), *((say.dimension(v.dimension), v.code) for v in card.dimensions)]
        about = books.required().about(visit, f"card-{card.account.code}", *facts)
        sure = card.account.verified and all_verified(card.dimensions)
        return layouts.card(card, lines, say), about if sure else replace(about, notes=[say(UNVERIFIED)])

    if query.get("as") in FORMATS:
        return download(visit, query["as"], make)
    books, card, joined = visit.read(show)
    home = f"/o/{organisation_id}/"
    usual_back = f"{home}trial-balance?{urlencode(books.address)}#a-{code}"
    following = card.lines.next_cursor
    return render(
        request,
        "reports/card.html",
        **books.shown(visit.language) | {"section": "trial-balance"},
        card=card,
        predecessors=joined,
        counted=bool(card.quantity or any(line.quantity for line in card.lines.rows)),
        in_currency=bool(card.currency or any(line.currency for line in card.lines.rows)),
        subaccount=subaccount,
        back=own_address(query.get("back", ""), under=home, otherwise=usual_back),
        is_first_page=cursor is None,
        unverified=not (card.account.verified and all(all_verified(row.dimensions) for row in card.lines.rows)),
        next_url=f"{request.url.path}?{urlencode(query | {'cursor': following})}" if following else "",
    )


routes = [trial_balance, account_card]
