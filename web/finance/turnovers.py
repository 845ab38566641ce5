"""Reports over turnovers and correspondence, and the list of postings behind each of their figures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from dateutil.relativedelta import relativedelta
from litestar import Response, get

from api.security import Visit, Visitor
from erp.base.dates import DaySpan, MonthSpan, day_string, month_string, parse_month
from erp.base.errors import RuleViolated
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.finance.journal.model import Account
from erp.finance.journal.rules import JournalUnknown
from erp.finance.journal.turnovers import Cut
from erp.finance.reports import service
from erp.finance.reports.model import Behind, Figure, Part, Step
from erp.reference.access.model import Permission
from ledger.errors import LedgerError
from ledger.model import Dimension
from web.finance import layouts
from web.finance.books import Books, known_at
from web.finance.fields import all_verified
from web.finance.figures import Ways, figure_of
from web.finance.months import choices
from web.finance.reports import UNVERIFIED, asked_dimensions
from web.i18n import Speech, speech
from web.pages import Ask, Id, here, own_address, query_of, render
from web.print.forms import form_of
from web.tables.download import FORMATS, download
from web.tables.model import About, Table

_READ = {"policy": Permission.JOURNAL_READ}
_ROWS_A_PAGE = 400
UNVERIFIED_ORDERS = N_(
    "not verified: names and form of memorial orders follow the known practice; they have not been compared with the"
    " album of forms (order 390)"
)


@dataclass(frozen=True)
class Report:
    """A report as the list of all names it: its address below ``reports/``, its title and what it is for."""

    slug: str
    title: str
    sentence: str
    is_of_account: bool = False
    is_unverified: bool = False
    """Whether its form has not been compared with the act."""

    @property
    def path(self) -> str:
        return f"reports/{self.slug}"


ANALYSIS = Report(
    "analysis",
    N_("Account analysis"),
    N_("With which accounts one account turned over, and its balances."),
    is_of_account=True,
)
LEDGER_BOOK = Report(
    "ledger-book",
    N_("General ledger book"),
    N_("One account month by month: turnovers with each corresponding account, and the balance after each month."),
    is_of_account=True,
)
JOURNAL_ORDER = Report(
    "journal-order",
    N_("Journal-order"),
    N_("One account day by day: turnovers with each corresponding account, and the balance after each day."),
    is_of_account=True,
)
CHESSBOARD = Report(
    "chessboard", N_("Chessboard sheet"), N_("All correspondence at once: debit accounts down, credit accounts across.")
)
MEMORIAL_ORDERS = Report(
    "memorial-orders",
    N_("Memorial orders"),
    N_("A journal's postings of a month by correspondence with their total, for filing with signatures."),
    is_unverified=True,
)
BY_VALUE = Report(
    "by-value",
    N_("Turnovers by counterparty or dimension"),
    N_("Balances and turnovers with each counterparty, or by another dimension, with the accounts below."),
)
COMPARISON = Report(
    "comparison",
    N_("Comparison of two periods"),
    N_("The same figure of two periods side by side, and their difference."),
)
REPORTS = (LEDGER_BOOK, ANALYSIS, JOURNAL_ORDER, CHESSBOARD, MEMORIAL_ORDERS, BY_VALUE, COMPARISON)


@dataclass(frozen=True)
class Made:
    """A report as read: its table, what it is of, and what it is drawn over."""

    table: Table
    subject: str = ""
    unverified: bool = False
    facts: Sequence[tuple[str, str]] = ()
    """What a file of it says beside the period."""
    period: str = ""
    """Where it is not that of the books."""
    form: str = ""
    """The official form it is printed by."""
    signers: Sequence[str] = ()
    """Who signs it on paper."""


Maker = Callable[[UnitOfWork, Books, Ways, Speech], Made | None]
"""Makes a report; ``None`` where the address does not say yet what it is to be of."""


def _show(
    request: Ask,
    visit: Visit,
    organisation_id: int,
    report: Report,
    make: Maker,
    fields: Callable[[Books, Speech], dict[str, Any]] = lambda _books, _say: {},
) -> Response[Any]:
    """The page of a report, or its file; a refusal stands above its form."""
    query = query_of(request)
    known = known_at(visit, query.get("known", ""))
    say, home = speech(visit.language), f"/o/{organisation_id}/"

    def read(uow: UnitOfWork) -> tuple[Books, Made | None]:
        books = Books.read(uow, organisation_id, query, known)
        try:
            return books, make(uow, books, Ways(home, books.period, here(request)), say)
        except (RuleViolated, JournalUnknown) as refusal:
            return replace(books, fault=books.fault or refusal), None

    def file(uow: UnitOfWork) -> tuple[Table, About]:
        books = Books.read(uow, organisation_id, query, known)
        made = make(uow, books, Ways(home, books.period, here(request)), say)
        assert made is not None
        notes = [say(UNVERIFIED_ORDERS)] if report.is_unverified else [say(UNVERIFIED)] if made.unverified else []
        about = books.about(visit, report.slug, *made.facts)
        return made.table, replace(about, form=made.form, notes=notes, signers=made.signers)

    books, made = visit.read(read)
    if made is not None and books.fault is None and query.get("as") in FORMATS:
        return download(visit, query["as"], file)
    rows = list(made.table.rows) if made else []
    asked_page = query.get("page", "1")
    page = int(asked_page) if asked_page.isascii() and asked_page.isdigit() and len(asked_page) < 6 else 1
    start = max(page - 1, 0) * _ROWS_A_PAGE
    following = urlencode(query | {"page": page + 1}) if start + _ROWS_A_PAGE < len(rows) else ""
    return render(
        request,
        "reports/report.html",
        **books.shown(visit.language),
        **books.units(visit.language),
        report=report,
        made=made,
        rows=rows[start : start + _ROWS_A_PAGE],
        totals=made.table.totals() if made else [],
        next_url=f"{request.url.path}?{following}" if following else "",
        fields=fields(books, say),
        unverified=bool(made and made.unverified),
        off_balance=any(not (row.is_counted or row.is_heading) for row in rows),
    )


def _account_facts(account: Account, say: Speech) -> tuple[tuple[str, str], ...]:
    return ((say("Account"), f"{account.code} {account.name(say.language.value)}"),)


@get("/o/{organisation_id:int}/reports/analysis", opt=_READ, sync_to_thread=True)
def analysis(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    def make(uow: UnitOfWork, books: Books, ways: Ways, say: Speech) -> Made | None:
        if not (code := books.asked.get("account")):
            return None
        found = service.analysis(uow, organisation_id, books.cut(uow), code)
        account = found.account
        unverified = not all(each.verified for each in (account, *(other for other, _ in found.rows)))
        subject = f"{account.code} {account.name(say.language.value)}"
        return Made(layouts.analysis(found, ways, say), subject, unverified, _account_facts(account, say))

    return _show(request, visit, organisation_id, ANALYSIS, make)


def _book(step: Step, organisation_id: int) -> Maker:
    def make(uow: UnitOfWork, books: Books, ways: Ways, say: Speech) -> Made | None:
        if not (code := books.asked.get("account")):
            return None
        found = service.book(uow, organisation_id, books.cut(uow), code, step)
        account = found.account
        subject = f"{account.code} {account.name(say.language.value)}"
        table = layouts.book(found, books.whole, ways, say)
        return Made(table, subject, not account.verified, _account_facts(account, say))

    return make


@get("/o/{organisation_id:int}/reports/ledger-book", opt=_READ, sync_to_thread=True)
def ledger_book(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    return _show(request, visit, organisation_id, LEDGER_BOOK, _book(Step.MONTH, organisation_id))


@get("/o/{organisation_id:int}/reports/journal-order", opt=_READ, sync_to_thread=True)
def journal_order(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    return _show(request, visit, organisation_id, JOURNAL_ORDER, _book(Step.DAY, organisation_id))


@get("/o/{organisation_id:int}/reports/chessboard", opt=_READ, sync_to_thread=True)
def chessboard(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    def make(uow: UnitOfWork, books: Books, ways: Ways, say: Speech) -> Made:
        found = service.chessboard(uow, organisation_id, books.cut(uow))
        unverified = not all(account.verified for account in (*found.debits, *found.credits))
        return Made(layouts.chessboard(found, ways, say), unverified=unverified)

    return _show(request, visit, organisation_id, CHESSBOARD, make)


@get("/o/{organisation_id:int}/reports/memorial-orders", opt=_READ, sync_to_thread=True)
def memorial_orders(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    """All of them by month, or one of a journal and a month whole."""

    def make(uow: UnitOfWork, books: Books, ways: Ways, say: Speech) -> Made:
        asked = books.asked
        if not (asked.get("journal") and asked.get("month")):
            kept = {name: asked[name] for name in ("known", "closing") if asked.get(name)}
            way = f"{request.url.path}?{urlencode(books.period | kept)}&month={{month}}&journal={{journal}}"
            orders = service.memorial_orders(uow, organisation_id, books.cut(uow))
            return Made(layouts.memorial_orders(orders, way, say), unverified=True)
        month = parse_month(asked["month"])
        span = MonthSpan.of(month, month)
        whole = DaySpan(span.start, min(span.last_day, books.days.last)) if books.days else span
        cut = Cut(whole, books.closing, books.cut(uow).known)
        found = service.memorial_order(uow, organisation_id, cut, asked["journal"])
        of_month = replace(ways, period=books.period | {"from": month_string(month), "to": month_string(month)})
        name = found.journal.name(say.language.value)
        facts = ((say("Journal"), f"{found.journal.code} {name}"), (say("Month"), say.month(month)))
        table = layouts.memorial_order(found, of_month, say)
        form = form_of(found.journal.code, span.last_day)
        return Made(
            table,
            f"{found.journal.code} {name}",
            True,
            facts,
            say.month(month),
            form.named(say) if form else "",
            [say(role) for role in (N_("Executed by"), N_("Checked by"), N_("Chief accountant"))],
        )

    def fields(books: Books, say: Speech) -> dict[str, Any]:
        back = f"{request.url.path}?{urlencode(books.period)}" if books.asked.get("journal") else ""
        return {"is_order": bool(books.asked.get("journal")), "back": back}

    return _show(request, visit, organisation_id, MEMORIAL_ORDERS, make, fields)


@get("/o/{organisation_id:int}/reports/by-value", opt=_READ, sync_to_thread=True)
def by_value(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    def asked_dimension(books: Books) -> Dimension:
        return next(iter(asked_dimensions(dict(books.asked))), Dimension.COUNTERPARTY)

    def make(uow: UnitOfWork, books: Books, ways: Ways, say: Speech) -> Made:
        dimension = asked_dimension(books)
        found = service.by_value(uow, organisation_id, books.cut(uow), dimension)
        accounts = [row.account for each in found for row in each.accounts]
        named = [each.value for each in found if each.value]
        unverified = not (all_verified(named) and all(account.verified for account in accounts))
        subject = "" if dimension is Dimension.COUNTERPARTY else say.dimension(dimension).lower()
        return Made(layouts.by_value(found, dimension, ways, say), subject, unverified)

    def fields(books: Books, say: Speech) -> dict[str, Any]:
        return {"by": asked_dimension(books).slug, "dimensions": [(d.slug, say.dimension(d)) for d in Dimension]}

    return _show(request, visit, organisation_id, BY_VALUE, make, fields)


@get("/o/{organisation_id:int}/reports/comparison", opt=_READ, sync_to_thread=True)
def comparison(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    """Period A, in ``base-from`` … ``base-to``, is a year before period B where the address does not say."""

    def base(books: Books) -> MonthSpan:
        asked, year = books.asked, relativedelta(years=1)
        first = parse_month(asked["base-from"]) if asked.get("base-from") else books.span.first - year
        last = parse_month(asked["base-to"]) if asked.get("base-to") else max(books.span.last - year, first)
        return MonthSpan.of(first, last)

    def part_of(books: Books) -> Part:
        asked = books.asked.get("part", "")
        return Part(asked) if asked in set(Part) else Part.DEBIT

    def make(uow: UnitOfWork, books: Books, ways: Ways, say: Speech) -> Made:
        earlier, part, dimensions = base(books), part_of(books), asked_dimensions(dict(books.asked))
        cut = books.cut(uow)
        first = Cut(earlier, cut.closing, cut.known)
        found = service.comparison(uow, organisation_id, first, cut, part, dimensions)
        of_base = {"from": month_string(earlier.first), "to": month_string(earlier.last)}
        others = {name: value for name, value in books.period.items() if name not in ("from", "to", "day")}
        titles = say.months(earlier.first, earlier.last), books.span_name(say.language)
        both = replace(ways, period=of_base | others), ways
        table = layouts.comparison(found, part, dimensions, both, titles, say)
        facts = ((say("Compared"), say(layouts.PARTS[part])), ("A", titles[0]), ("B", titles[1]))
        unverified = not all(row.account.verified and all_verified(row.dimensions) for row in found)
        return Made(table, say(layouts.PARTS[part]).lower(), unverified, facts, f"{titles[0]} / {titles[1]}")

    def fields(books: Books, say: Speech) -> dict[str, Any]:
        try:
            earlier = base(books)
        except RuleViolated:
            earlier = books.span
        return {
            "base": earlier,
            "base_choices": choices(books.months, earlier),
            "part": part_of(books).value,
            "parts": [(part.value, say(name)) for part, name in layouts.PARTS.items()],
            "by": books.asked.get("by", ""),
            "by2": books.asked.get("by2", ""),
            "dimensions": [(d.slug, say.dimension(d)) for d in Dimension],
        }

    return _show(request, visit, organisation_id, COMPARISON, make, fields)


# ------------------------------------------------------------------------------------------------ behind a figure


@get("/o/{organisation_id:int}/reports/postings", opt=_READ, sync_to_thread=True)
def postings(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    """The postings that one figure of a report sums, and their total, which is the figure."""
    query = query_of(request)
    known = known_at(visit, query.get("known", ""))
    say, home = speech(visit.language), f"/o/{organisation_id}/"
    figure = figure_of(query)

    def read(uow: UnitOfWork) -> tuple[Books, Behind | None]:
        books = Books.read(uow, organisation_id, query, known)
        try:
            return books, service.behind(uow, organisation_id, books.cut(uow), figure, query.get("cursor"))
        except (RuleViolated, JournalUnknown, LedgerError) as refusal:
            return replace(books, fault=books.fault or refusal), None

    def file(uow: UnitOfWork) -> tuple[Table, About]:
        books = Books.read(uow, organisation_id, query, known).required()
        lines = service.every_line_behind(uow, organisation_id, books.cut(uow), figure)
        about = books.about(visit, "postings", *_facts(figure, say))
        return layouts.side_lines(lines, figure.part, say), about

    if query.get("as") in FORMATS:
        return download(visit, query["as"], file)
    books, behind = visit.read(read)
    cursor = behind.next_cursor if behind else None
    return render(
        request,
        "reports/postings.html",
        **books.shown(visit.language),
        figure=figure,
        facts=_facts(figure, say),
        behind=behind,
        is_signed=figure.part not in (Part.DEBIT, Part.CREDIT),
        back=own_address(query.get("back", ""), under="/o/", otherwise=f"{home}reports"),
        next_url=f"{request.url.path}?{urlencode(query | {'cursor': cursor})}" if cursor else "",
        is_first_page="cursor" not in query,
    )


def _facts(figure: Figure, say: Speech) -> list[tuple[str, str]]:
    """What narrows the list, in words."""
    facts = [(say("Figure"), say(layouts.PARTS[figure.part]))]
    if figure.account is not None:
        facts.append((say("Account"), figure.account or say("single-sided")))
    if figure.against is not None:
        facts.append((say("Corr. account"), figure.against or say("single-sided")))
    facts += [(say.dimension(d), code or say("not named")) for d, code in figure.dimensions.items()]
    if figure.journal is not None:
        facts.append((say("Journal"), figure.journal))
    if figure.since and figure.until:
        last = figure.until - timedelta(days=1)
        days = day_string(last) if last == figure.since else f"{day_string(figure.since)} – {day_string(last)}"
        facts.append((say("Days of the turnover"), days))
    return facts


routes = [analysis, ledger_book, journal_order, chessboard, memorial_orders, by_value, comparison, postings]
