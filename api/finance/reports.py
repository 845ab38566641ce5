"""Reports under ``/api/v1``: balances by dimensions, correspondence, two periods, and what is behind a figure."""

from datetime import date
from typing import Annotated, Literal

from litestar import get
from litestar.params import QueryParameter
from pydantic import Field

from api.conventions import BOOKS, Amount, Cursor, Limit, Organisation, Page, View
from api.finance.journal import AsOfDay, KnownAt, Month, TrialBalanceView, asked_period
from api.security import Visitor
from erp.base.dates import MonthSpan, parse_month
from erp.base.errors import RuleViolated
from erp.base.money import decimal_string
from erp.base.uow import UnitOfWork
from erp.finance.journal.model import Account
from erp.finance.journal.turnovers import Cut
from erp.finance.reports import model, service
from erp.finance.reports.model import Figure, PairSum, Part, Step
from erp.reference.access.model import Permission
from ledger.model import Dimension

_READ = {"policy": Permission.JOURNAL_READ}
_REPORTS = BOOKS + "/reports"

By = Annotated[
    Literal["programme", "specific", "source", "counterparty", "contract", "item", "project", "person", "currency"]
    | None,
    QueryParameter(description="A dimension that rows are told apart by."),
]
StepAsked = Annotated[
    Literal["month", "day"] | None, QueryParameter(description="Tell turnovers apart by month or by day.")
]
PartAsked = Annotated[
    Literal["opening", "debit", "credit", "turnover", "closing"],
    QueryParameter(description="A balance, a turnover, or debit less credit (`turnover`)."),
]
Closing = Annotated[bool, QueryParameter(description="Whether year-closing entries of these months count.")]
Journal = Annotated[str | None, QueryParameter(description="Code of a journal.", max_length=60)]
Code = Annotated[str | None, QueryParameter(description="Code of an account, or of a heading.", max_length=60)]
Against = Annotated[str | None, QueryParameter(description="Code of the corresponding account.", max_length=60)]
Values = Annotated[
    list[str] | None,
    QueryParameter(
        description="Values that the side names, `counterparty:210940991839`; `counterparty:` for those that name none."
    ),
]


class ValueMalformed(RuleViolated):
    code = "value-malformed"
    template = "“{value}” is not a dimension and its value. Write it like counterparty:210940991839."


class PairView(View):
    """An account is absent where the posting is single-sided."""

    debit: str | None = Field(examples=["1316"])
    credit: str | None = Field(examples=["3210"])
    on: date | None = Field(description="First day of the month, or the day, as `step` asks.")
    off_balance: bool
    amount: Amount
    postings: int

    @classmethod
    def of(cls, debit: Account, credit: Account, pair: PairSum) -> "PairView":
        return cls(
            debit=None if debit.is_contra else debit.code,
            credit=None if credit.is_contra else credit.code,
            on=pair.on,
            off_balance=debit.is_off_balance,
            amount=decimal_string(pair.amount_tiyn),
            postings=pair.postings,
        )


class ComparedView(View):
    account: str
    heading: bool = Field(description="A heading sums its accounts.")
    dimensions: dict[str, str]
    base: Amount = Field(description="Of the first period; balances and net turnovers are debit less credit.")
    amount: Amount
    difference: Amount

    @classmethod
    def of(cls, row: model.Compared) -> "ComparedView":
        return cls(
            account=row.account.code,
            heading=row.is_heading,
            dimensions={v.dimension.slug: v.code for v in row.dimensions},
            base=decimal_string(row.first_tiyn),
            amount=decimal_string(row.second_tiyn),
            difference=decimal_string(row.difference_tiyn),
        )


class SideLineView(View):
    entry_id: int
    no: int = Field(description="Of the posting in its entry.")
    side: Literal["debit", "credit"]
    journal: str
    number: int
    effective_on: date
    memo: str
    document_number: str
    debit: str | None
    credit: str | None
    dimensions: dict[str, str]
    amount: Amount = Field(description="Of a balance or a net turnover, credit negative.")

    @classmethod
    def of(cls, line: model.SideLine) -> "SideLineView":
        return cls(
            entry_id=line.entry_id,
            no=line.no,
            side="credit" if line.side else "debit",
            journal=line.journal_code,
            number=line.number,
            effective_on=line.effective_on,
            memo=line.memo,
            document_number=line.document_number,
            debit=line.debit_account or None,
            credit=line.credit_account or None,
            dimensions={d.slug: code for d, code in zip(Dimension, line.codes, strict=False) if code},
            amount=decimal_string(line.amount_tiyn),
        )


class BehindView(View):
    total: Amount = Field(description="The figure: of the whole list, not of the page.")
    count: int
    items: list[SideLineView]
    next: str | None = Field(description="`cursor` of the following page; null on the last one.", examples=[None])

    @classmethod
    def of(cls, behind: model.Behind) -> "BehindView":
        return cls(
            total=decimal_string(behind.total_tiyn),
            count=behind.count,
            items=[SideLineView.of(line) for line in behind.lines],
            next=behind.next_cursor,
        )


def _dimensions(*asked: str | None) -> tuple[Dimension, ...]:
    return tuple(dict.fromkeys(Dimension.of(slug) for slug in asked if slug))


def values_said(said: list[str] | None) -> dict[Dimension, str]:
    values = {}
    for value in said or ():
        slug, colon, code = value.partition(":")
        if not colon or slug.upper() not in Dimension.__members__:
            raise ValueMalformed(value=value)
        values[Dimension.of(slug)] = code
    return values


@get(f"{_REPORTS}/trial-balance", opt=_READ, sync_to_thread=True)
def trial_balance_by(
    visit: Visitor,
    organisation_id: Organisation,
    first: Month,
    last: Month,
    by: By = None,
    and_by: By = None,
    closing: Closing = True,
    day: AsOfDay = None,
    known_at: KnownAt = None,
) -> TrialBalanceView:
    """The trial balance by account and the values of one or two dimensions."""
    span, instant = asked_period(visit, first, last, day, known_at)
    dimensions = _dimensions(by, and_by)
    return TrialBalanceView.of(
        visit.read(
            lambda uow: service.trial_balance(
                uow, organisation_id, service.cut_of(uow, span, closing, instant), dimensions
            )
        )
    )


@get(f"{_REPORTS}/correspondence", opt=_READ, sync_to_thread=True)
def correspondence(
    visit: Visitor,
    organisation_id: Organisation,
    first: Month,
    last: Month,
    step: StepAsked = None,
    journal: Journal = None,
    closing: Closing = True,
    day: AsOfDay = None,
    known_at: KnownAt = None,
) -> Page[PairView]:
    """Turnovers of each debit account with each credit account: the chessboard, by month or day when asked.

    The account analysis, the general ledger book, the journal-order and memorial orders are sums of these rows.
    """
    span, instant = asked_period(visit, first, last, day, known_at)
    found = visit.read(
        lambda uow: service.pairs(
            uow,
            organisation_id,
            service.cut_of(uow, span, closing, instant),
            step=Step(step) if step else None,
            journal_code=journal,
        )
    )
    return Page(items=[PairView.of(*row) for row in found])


@get(f"{_REPORTS}/comparison", opt=_READ, sync_to_thread=True)
def comparison(
    visit: Visitor,
    organisation_id: Organisation,
    base_first: Month,
    base_last: Month,
    first: Month,
    last: Month,
    part: PartAsked = "debit",
    by: By = None,
    and_by: By = None,
    closing: Closing = True,
    known_at: KnownAt = None,
) -> Page[ComparedView]:
    """One figure of two periods, account by account, or by account and one or two dimensions."""
    span, instant = asked_period(visit, first, last, None, known_at)
    base = MonthSpan.of(parse_month(base_first), parse_month(base_last))
    dimensions = _dimensions(by, and_by)

    def read(uow: UnitOfWork) -> list[model.Compared]:
        cut = service.cut_of(uow, span, closing, instant)
        earlier = Cut(base, cut.closing, cut.known)
        return service.comparison(uow, organisation_id, earlier, cut, Part(part), dimensions)

    return Page(items=[ComparedView.of(row) for row in visit.read(read)])


@get(f"{_REPORTS}/postings", opt=_READ, sync_to_thread=True)
def postings_behind(
    visit: Visitor,
    organisation_id: Organisation,
    first: Month,
    last: Month,
    part: PartAsked,
    account: Code = None,
    against: Against = None,
    values: Values = None,
    journal: Journal = None,
    closing: Closing = True,
    day: AsOfDay = None,
    known_at: KnownAt = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> BehindView:
    """What is behind a figure of a report: the sides of postings that it sums, and the sum."""
    span, instant = asked_period(visit, first, last, day, known_at)
    figure = Figure(Part(part), account=account, against=against, dimensions=values_said(values), journal=journal)
    return BehindView.of(
        visit.read(
            lambda uow: service.behind(
                uow, organisation_id, service.cut_of(uow, span, closing, instant), figure, cursor, limit
            )
        )
    )


routes = [trial_balance_by, correspondence, comparison, postings_behind]
