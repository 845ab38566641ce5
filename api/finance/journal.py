"""The journal under ``/api/v1``: the same commands and views as the pages."""

from datetime import date, datetime
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, FromQuery, QueryParameter
from pydantic import Field

from api.conventions import API, BOOKS, Amount, Cursor, Limit, Number, Organisation, Page, View, tagged
from api.security import Visitor
from erp.base.clock import LOCAL_TIME, today
from erp.base.dates import DaySpan, MonthSpan, parse_month
from erp.base.money import decimal_string, scaled_string
from erp.finance.journal import model, service
from erp.finance.journal.model import EntryFilter
from erp.finance.journal.schemas import CorrectEntry, PostEntry, StornoEntry
from erp.reference.access.model import Permission
from ledger.model import Dimension, Posted

_READ = {"policy": Permission.JOURNAL_READ}

_MONTH = QueryParameter(description="A month, `2026-11`.", pattern=r"^\d{4}-\d{2}$")
Month = Annotated[str, _MONTH]
OptionalMonth = Annotated[str | None, _MONTH]
Subaccount = Annotated[
    int | None, QueryParameter(description="One line of a trial balance by dimensions.", ge=1, le=2_147_483_647)
]
AsOfDay = Annotated[date | None, QueryParameter(description="The last day counted, instead of the last month's end.")]
KnownAt = Annotated[datetime | None, QueryParameter(description="Count what was recorded and sealed by then only.")]

_ENTRY = {
    "key": "7a1f4c1e-6f0b-4c39-9d55-0f2f3a6f2b10",
    "journal": "MO-06",
    "effective_on": "2026-11-20",
    "memo": "Получены канцелярские товары",
    "document_number": "4187",
    "document_on": "2026-11-19",
    "postings": [
        {
            "debit": {"account": "1316", "quantity": "250"},
            "credit": {"account": "3210", "dimensions": {"counterparty": "210940991839"}},
            "amount": "128450.00",
        }
    ],
}
_STORNO = {
    "key": "0d0a3f52-4a8e-4a0e-8f6a-5f1a1d9f7c11",
    "effective_on": "2026-11-21",
    "reason": "Накладная введена дважды",
}
EntryBody = Annotated[PostEntry, Body(examples=[Example(summary="Goods from a supplier", value=_ENTRY)])]
_REVERSAL = _STORNO | {"kind": "reversal"}
StornoBody = Annotated[StornoEntry, Body(examples=[Example(summary="A double entry", value=_STORNO)])]


CorrectionBody = Annotated[CorrectEntry, Body(examples=[Example(summary="By the opposite sides", value=_REVERSAL)])]


class AccountView(View):
    code: str = Field(examples=["1316"])
    name_kk: str
    name_ru: str
    name_en: str
    kind: str = Field(examples=["asset"])
    mandatory: list[str] = Field(description="Dimensions a posting must name.", examples=[["programme", "specific"]])
    permitted: list[str] = Field(description="Dimensions a posting may name.")
    keeps_quantity: bool = Field(description="Whether a posting must say a quantity.")
    verified: bool = Field(description="False where the data package is not sure of the row.")

    @classmethod
    def of(cls, a: model.Account) -> "AccountView":
        return cls(
            code=a.code,
            name_kk=a.name_kk,
            name_ru=a.name_ru,
            name_en=a.name_en,
            kind=a.kind,
            mandatory=_slugs(a.mandatory),
            permitted=_slugs(a.permitted),
            keeps_quantity=a.keeps_quantity,
            verified=a.verified,
        )


class SideView(View):
    account: str = Field(examples=["1316"])
    dimensions: dict[str, str] = Field(examples=[{"counterparty": "120540002345"}])
    quantity: Number | None = Field(description="Where the account is kept in quantities.")
    currency_amount: Number | None = Field(description="In the currency among the dimensions.")

    @classmethod
    def of(cls, side: model.Side | None) -> "SideView | None":
        if side is None:
            return None
        return cls(
            account=side.account.code,
            dimensions={v.dimension.slug: v.code for v in side.dimensions},
            quantity=_number(side.quantity),
            currency_amount=_number(side.currency),
        )


class PostingView(View):
    """A side is absent where the other is an off-balance account, which is kept single-sided."""

    no: int
    debit: SideView | None
    credit: SideView | None
    amount: Amount
    memo: str | None

    @classmethod
    def of(cls, p: model.PostingView) -> "PostingView":
        return cls(
            no=p.no,
            debit=SideView.of(p.debit),
            credit=SideView.of(p.credit),
            amount=decimal_string(p.amount_tiyn),
            memo=p.memo,
        )


class CorrectionView(View):
    entry_id: int
    number: int
    reason: str
    kind: str = Field(description="`storno` or `reversal`.", examples=["storno"])
    through_earlier_years: bool = Field(
        description="Whether it corrects a closed year through the result of earlier ones."
    )

    @classmethod
    def of(cls, c: model.CorrectionView | None) -> "CorrectionView | None":
        if c is None:
            return None
        return cls(
            entry_id=c.entry_id,
            number=c.number,
            reason=c.reason,
            kind=c.kind,
            through_earlier_years=c.through_earlier_years,
        )


class EntryView(View):
    id: int
    journal: str = Field(examples=["MO-16"])
    number: int
    kind: str = Field(examples=["ordinary"])
    effective_on: date
    recorded_at: datetime
    actor: str
    memo: str
    document_number: str
    document_on: date | None
    source: str = Field(examples=["manual"])
    source_file: str | None
    source_line: int | None
    amount: Amount
    postings: list[PostingView]
    cancelled_by: CorrectionView | None
    cancels: CorrectionView | None

    @classmethod
    def of(cls, e: model.EntryView) -> "EntryView":
        return cls(
            id=e.id,
            journal=e.journal.code,
            number=e.number,
            kind=e.kind,
            effective_on=e.effective_on,
            recorded_at=e.recorded_at,
            actor=e.actor,
            memo=e.memo,
            document_number=e.document_number,
            document_on=e.document_on,
            source=e.source.kind,
            source_file=e.source.file_name,
            source_line=e.source.line,
            amount=decimal_string(e.amount_tiyn),
            postings=[PostingView.of(p) for p in e.postings],
            cancelled_by=CorrectionView.of(e.cancelled_by),
            cancels=CorrectionView.of(e.cancels),
        )


class EntryRow(View):
    id: int
    journal: str
    number: int
    kind: str
    effective_on: date
    memo: str
    document_number: str
    amount: Amount
    postings: int
    cancelled: bool

    @classmethod
    def of(cls, r: model.EntryRow) -> "EntryRow":
        return cls(
            id=r.id,
            journal=r.journal_code,
            number=r.number,
            kind=r.kind,
            effective_on=r.effective_on,
            memo=r.memo,
            document_number=r.document_number,
            amount=decimal_string(r.amount_tiyn),
            postings=r.postings,
            cancelled=r.cancelled,
        )


class PostedView(View):
    """Where the entry stands; ``is_new`` is false when the key had been used for the same command before."""

    entry_id: int
    fiscal_year: int
    number: int
    is_new: bool

    @classmethod
    def of(cls, p: Posted) -> "PostedView":
        return cls(entry_id=p.entry_id, fiscal_year=p.fiscal_year, number=p.number, is_new=p.is_new)


class MovementView(View):
    """The same as the row's amounts, in quantity or in the currency among its dimensions."""

    opening: Number
    debit: Number
    credit: Number
    closing: Number

    @classmethod
    def of(cls, moved: model.MeasuredMovement | None) -> "MovementView | None":
        if moved is None:
            return None
        all_ = moved.scaled
        return cls(
            opening=scaled_string(all_.opening, moved.places),
            debit=scaled_string(all_.debit, moved.places),
            credit=scaled_string(all_.credit, moved.places),
            closing=scaled_string(all_.closing, moved.places),
        )


class BalanceRowView(View):
    account: str
    subaccount: int | None = Field(description="For the card of just this line, by dimensions.")
    heading: bool = Field(description="A heading sums its accounts and is not part of the totals.")
    dimensions: dict[str, str]
    opening: Amount = Field(description="Debit positive, credit negative.")
    debit: Amount
    credit: Amount
    closing: Amount
    quantity: MovementView | None
    currency: MovementView | None

    @classmethod
    def of(cls, r: model.BalanceRow) -> "BalanceRowView":
        return cls(
            account=r.account.code,
            subaccount=r.subaccount_id,
            heading=not r.account.postable,
            dimensions={v.dimension.slug: v.code for v in r.dimensions},
            opening=decimal_string(r.opening_tiyn),
            debit=decimal_string(r.debit_tiyn),
            credit=decimal_string(r.credit_tiyn),
            closing=decimal_string(r.closing_tiyn),
            quantity=MovementView.of(r.quantity),
            currency=MovementView.of(r.currency),
        )


class TrialBalanceView(View):
    rows: list[BalanceRowView]
    opening_debit: Amount
    opening_credit: Amount
    debit: Amount
    credit: Amount
    closing_debit: Amount
    closing_credit: Amount

    @classmethod
    def of(cls, t: model.TrialBalance) -> "TrialBalanceView":
        return cls(
            rows=[BalanceRowView.of(r) for r in t.rows],
            opening_debit=decimal_string(t.opening_debit_tiyn),
            opening_credit=decimal_string(t.opening_credit_tiyn),
            debit=decimal_string(t.debit_tiyn),
            credit=decimal_string(t.credit_tiyn),
            closing_debit=decimal_string(t.closing_debit_tiyn),
            closing_credit=decimal_string(t.closing_credit_tiyn),
        )


class CardLineView(View):
    entry_id: int
    journal: str
    number: int
    effective_on: date
    memo: str
    corresponding_account: str
    dimensions: dict[str, str]
    debit: Amount
    credit: Amount
    balance: Amount
    quantity: Number | None = Field(description="On the posting's own side.")
    currency_amount: Number | None

    @classmethod
    def of(cls, line: model.CardLine) -> "CardLineView":
        return cls(
            entry_id=line.entry_id,
            journal=line.journal_code,
            number=line.number,
            effective_on=line.effective_on,
            memo=line.memo,
            corresponding_account=line.corresponding_account,
            dimensions={v.dimension.slug: v.code for v in line.dimensions},
            debit=decimal_string(line.debit_tiyn),
            credit=decimal_string(line.credit_tiyn),
            balance=decimal_string(line.balance_tiyn),
            quantity=_number(line.quantity),
            currency_amount=_number(line.currency),
        )


class AccountCardView(View):
    account: AccountView
    opening: Amount
    debit: Amount
    credit: Amount
    closing: Amount
    quantity: MovementView | None = Field(description="Where all is of one item.")
    currency: MovementView | None = Field(description="Where all is of one currency.")
    items: list[CardLineView]
    next: str | None = Field(description="`cursor` of the following page; null on the last one.", examples=[None])

    @classmethod
    def of(cls, card: model.AccountCard) -> "AccountCardView":
        return cls(
            account=AccountView.of(card.account),
            opening=decimal_string(card.opening_tiyn),
            debit=decimal_string(card.debit_tiyn),
            credit=decimal_string(card.credit_tiyn),
            closing=decimal_string(card.closing_tiyn),
            quantity=MovementView.of(card.quantity),
            currency=MovementView.of(card.currency),
            items=[CardLineView.of(line) for line in card.lines.rows],
            next=card.lines.next_cursor,
        )


def _number(measured: model.Measured | None) -> str | None:
    return scaled_string(measured.scaled, measured.places) if measured else None


def _in_local_time(instant: datetime | None) -> datetime | None:
    """An instant without a zone is one of the country's time."""
    return instant.replace(tzinfo=LOCAL_TIME) if instant and instant.tzinfo is None else instant


def _slugs(dimensions: Dimension) -> list[str]:
    return [d.slug for d in dimensions]


def _span(first: str, last: str) -> MonthSpan:
    return MonthSpan.of(parse_month(first), parse_month(last))


@get(f"{BOOKS}/accounts", opt=_READ, sync_to_thread=True)
def list_accounts(
    visit: Visitor, organisation_id: Organisation, on: FromQuery[date | None] = None
) -> Page[AccountView]:
    """The postable accounts of the chart in force on a day (today when absent)."""
    chart = visit.read(lambda uow: service.accounts(uow, on or today()))
    return Page(items=[AccountView.of(a) for a in chart if a.postable and not a.is_contra])


@get(f"{BOOKS}/entries", opt=_READ, sync_to_thread=True)
def list_entries(
    visit: Visitor,
    organisation_id: Organisation,
    first: OptionalMonth = None,
    last: OptionalMonth = None,
    journal: FromQuery[str | None] = None,
    account: FromQuery[str | None] = None,
    text: FromQuery[str | None] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[EntryRow]:
    """Entries, the newest first; narrowed by months, journal, account (a prefix of its code) and text."""
    one_end = first or last
    span = _span(first or one_end, last or one_end) if one_end else None
    narrowed = EntryFilter(span, journal, account, text)
    page = visit.read(lambda uow: service.entries(uow, organisation_id, narrowed, cursor, limit))
    return Page(items=[EntryRow.of(r) for r in page.rows], next=page.next_cursor)


@post(f"{BOOKS}/entries", opt={"policy": Permission.JOURNAL_POST}, sync_to_thread=True)
def post_entry(visit: Visitor, organisation_id: Organisation, data: EntryBody) -> PostedView:
    """Post an entry. The command's `key` makes it safe to send again."""
    receipt = visit.run(lambda uow: service.post_entry(uow, organisation_id, data))
    return PostedView.of(receipt())


@get(f"{BOOKS}/entries/{{entry_id:int}}", opt=_READ, sync_to_thread=True)
def get_entry(
    request: Request[Any, Any, Any], visit: Visitor, organisation_id: Organisation, entry_id: FromPath[int]
) -> Response[EntryView]:
    """One entry whole: postings, source, storno. Its `ETag` changes when it is cancelled, and never else."""
    return tagged(request, EntryView.of(visit.read(lambda uow: service.entry(uow, organisation_id, entry_id))))


@post(f"{BOOKS}/entries/{{entry_id:int}}/storno", opt={"policy": Permission.JOURNAL_CORRECT}, sync_to_thread=True)
def storno_entry(
    visit: Visitor, organisation_id: Organisation, entry_id: FromPath[int], data: StornoBody
) -> PostedView:
    """Cancel an entry by the same correspondence with negative amounts."""
    receipt = visit.run(lambda uow: service.storno_entry(uow, organisation_id, entry_id, data))
    return PostedView.of(receipt())


@post(f"{BOOKS}/entries/{{entry_id:int}}/correction", opt={"policy": Permission.JOURNAL_CORRECT}, sync_to_thread=True)
def correct_entry(
    visit: Visitor, organisation_id: Organisation, entry_id: FromPath[int], data: CorrectionBody
) -> PostedView:
    """Cancel an entry: a storno by negative amounts, a reversal by the opposite sides.

    Revenue and expense of a closed year are corrected through the result of earlier years.
    """
    receipt = visit.run(lambda uow: service.correct_entry(uow, organisation_id, entry_id, data))
    return PostedView.of(receipt())


@get(f"{BOOKS}/trial-balance", opt=_READ, sync_to_thread=True)
def trial_balance(
    visit: Visitor,
    organisation_id: Organisation,
    first: Month,
    last: Month,
    by_dimensions: FromQuery[bool] = False,
    closing: FromQuery[bool] = True,
    day: AsOfDay = None,
    known_at: KnownAt = None,
) -> TrialBalanceView:
    """Opening balances, turnovers and closing balances of whole months, or of those through a day.

    With `closing=false` year-closing entries of these months are left out: revenue and expense as they stood before.
    """
    span, instant = asked_period(visit, first, last, day, known_at)
    table = visit.read(
        lambda uow: service.trial_balance(
            uow, organisation_id, span, by_dimensions=by_dimensions, closing=closing, known_at=instant
        )
    )
    return TrialBalanceView.of(table)


@get(f"{API}/trial-balance", opt={"policy": Permission.SIGNED_IN}, sync_to_thread=True)
def joint_trial_balance(
    visit: Visitor,
    first: Month,
    last: Month,
    closing: FromQuery[bool] = True,
    day: AsOfDay = None,
    known_at: KnownAt = None,
) -> TrialBalanceView:
    """The same by account for all the books you may read together: added up, not consolidated."""
    span, instant = asked_period(visit, first, last, day, known_at)
    return TrialBalanceView.of(
        visit.read(lambda uow: service.joint_trial_balance(uow, span, closing=closing, known_at=instant))
    )


def asked_period(
    visit: Visitor, first: str, last: str, day: date | None, known_at: datetime | None
) -> tuple[MonthSpan | DaySpan, datetime | None]:
    """Span and instant of a trial balance; what was known at the instant is sealed by now."""
    months = _span(first, last)
    instant = _in_local_time(known_at)
    if instant is not None:
        visit.run(lambda uow: service.make_known(uow, instant))
    return (DaySpan.of(months.start, day) if day else months), instant


@get(f"{BOOKS}/accounts/{{code:str}}/card", opt=_READ, sync_to_thread=True)
def account_card(
    visit: Visitor,
    organisation_id: Organisation,
    code: FromPath[str],
    first: Month,
    last: Month,
    cursor: Cursor = None,
    limit: Limit = 100,
    subaccount: Subaccount = None,
) -> AccountCardView:
    """Every posting of an account by day, with the balance after each."""
    span = _span(first, last)
    return AccountCardView.of(
        visit.read(lambda uow: service.account_card(uow, organisation_id, code, span, cursor, limit, subaccount))
    )


routes = [
    list_accounts,
    list_entries,
    post_entry,
    get_entry,
    storno_entry,
    correct_entry,
    trial_balance,
    joint_trial_balance,
    account_card,
]
