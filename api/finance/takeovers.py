"""Takeovers under ``/api/v1``: another program's files in, its accounts mapped, entries posted, balances compared."""

from datetime import date, datetime
from typing import Annotated, Any

from litestar import Request, delete, get, post
from litestar.openapi.spec import Example
from litestar.params import Body, FromQuery, PathParameter, QueryParameter, RawBody
from pydantic import Field

from api.conventions import BOOKS, Amount, Organisation, Page, View
from api.finance.papers import FileName, FileSent, Key, checked
from api.finance.reports import Values, values_said
from api.reference.jobs import JobView, view_of
from api.security import Visit, Visitor
from erp.base import uow
from erp.base.dates import MonthSpan, month_string, parse_month
from erp.base.money import decimal_string
from erp.base.scope import Scope
from erp.base.uow import UnitOfWork
from erp.finance.takeover import model, service
from erp.finance.takeover.comparing import model as compared
from erp.finance.takeover.comparing import service as comparing
from erp.finance.takeover.files import job as large
from erp.finance.takeover.files import service as files
from erp.finance.takeover.mapping import service as mapping
from erp.finance.takeover.mapping.model import AccountLine
from erp.finance.takeover.mapping.queries import Earlier
from erp.finance.takeover.path import Path, path
from erp.finance.takeover.posting import months, opening
from erp.finance.takeover.posting.model import Batch
from erp.finance.takeover.schemas import (
    AcceptSuggestions,
    BeginTakeover,
    DecideAccounts,
    DecideValues,
    DecideWords,
    ExplainDifference,
    PostMonth,
    PostOpening,
)
from erp.reference.access.model import Permission
from erp.reference.access.policy import reach
from ledger.model import Dimension

_WORK = {"policy": Permission.JOURNAL_IMPORT}
_AGREE = {"policy": Permission.JOURNAL_APPROVE}
_ALL = BOOKS + "/takeovers"
_ONE = _ALL + "/{takeover_id:int}"

Number = Annotated[int, PathParameter(ge=1, le=2_147_483_647)]
Month = Annotated[str | None, QueryParameter(description="`2026-01`, where the file does not say it.", max_length=7)]
BeginBody = Annotated[
    BeginTakeover,
    Body(
        examples=[Example(summary="From 1C", value={"starts_on": "2026-01-01", "source_program": "1С:Бухгалтерия 8"})]
    ),
]
_DECISION = {"account": "3210", "ours": "3210", "dimensions": ["counterparty", "contract"], "fixed": {}}
AccountsBody = Annotated[
    DecideAccounts, Body(examples=[Example(summary="One account", value={"decisions": [_DECISION]})])
]
_VALUE = {"dimension": "counterparty", "said": "ТОО «Бумага»", "code": "120540000001"}
ValuesBody = Annotated[DecideValues, Body(examples=[Example(summary="A name", value={"decisions": [_VALUE]})])]
WordsBody = Annotated[
    DecideWords,
    Body(examples=[Example(summary="A word", value={"decisions": [{"before": "ќўжат", "after": "құжат"}]})]),
]
AcceptBody = Annotated[
    AcceptSuggestions, Body(examples=[Example(summary="Those that are nearly certain", value={"least": 90})])
]
_KEY = "3f0d1c52-8c1f-4a63-9b8f-0f6a3b0f4a11"
OpeningBody = Annotated[PostOpening, Body(examples=[Example(summary="A new key", value={"key": _KEY})])]
_REASON = {"account": "1010", "codes": [""] * 9, "reason": "Округление в прежней программе"}
ReasonBody = Annotated[ExplainDifference, Body(examples=[Example(summary="A reason", value=_REASON)])]
_POST_MONTH = {"key": "3f0d1c52-8c1f-4a63-9b8f-0f6a3b0f4a12", "month": "2026-01"}
MonthBody = Annotated[PostMonth, Body(examples=[Example(summary="January", value=_POST_MONTH)])]


class TakeoverView(View):
    id: int
    starts_on: date
    source_program: str = Field(examples=["1С:Бухгалтерия 8"])
    state: str = Field(description="`under-way`, `finished` or `given-up`.", examples=["under-way"])
    begun_by: str
    begun_at: datetime

    @classmethod
    def of(cls, t: model.Takeover) -> "TakeoverView":
        return cls(
            id=t.id, starts_on=t.starts_on, source_program=t.source_program, state=t.state.value,
            begun_by=t.begun_by, begun_at=t.begun_at,
        )  # fmt: skip


class TakenFileView(View):
    id: int
    kind: str = Field(description="`chart`, `balance`, `journal` or `counterparties`.", examples=["balance"])
    name: str
    first: str | None = Field(description="First month that it tells of.", examples=["2026-01"])
    last: str | None = Field(examples=["2026-01"])
    head_row: int = Field(description="Row in which the headings begin.", examples=[5])
    recognised: dict[str, Any] = Field(
        description="`columns`: field, letter, heading; `ignored`: headings left out.",
        examples=[{"columns": [["account", "A", "Счет"]], "ignored": []}],
    )
    rows: int
    amount: Amount
    taken_at: datetime
    set_aside: bool

    @classmethod
    def of(cls, f: model.File) -> "TakenFileView":
        return cls(
            id=f.id, kind=f.kind.value, name=f.name, head_row=f.head_row, recognised=dict(f.recognised),
            first=month_string(f.first_on) if f.first_on else None,
            last=month_string(f.last_on) if f.last_on else None,
            rows=f.row_count, amount=decimal_string(f.amount_tiyn), taken_at=f.taken_at,
            set_aside=f.set_aside_at is not None,
        )  # fmt: skip


class TakeoverPathView(View):
    """How far it is."""

    takeover: TakeoverView
    next_step: str = Field(
        description="`files`, `words`, `counterparties`, `accounts`, `values`, `opening`, `months` or `compare`.",
        examples=["accounts"],
    )
    accounts: int
    accounts_mapped: int
    values: int
    values_decided: int
    words_to_decide: int
    counterparties: int
    counterparties_linked: int
    opening_posted: bool
    files: list[TakenFileView]


class TheirAccountView(View):
    account: str = Field(examples=["3210"])
    name: str
    analysis: list[str] = Field(description="Kinds of its analysis.", examples=[["Контрагенты"]])
    uses: int
    ours: str | None = Field(description="Decided; null while it is not.", examples=["3210"])
    dimensions: list[str] = Field(examples=[["counterparty"]])
    fixed: dict[str, str] = Field(examples=[{}])
    decided_by: str
    suggested: str | None = Field(examples=["3210"])
    suggested_dimensions: list[str] = Field(examples=[["counterparty"]])
    score: int | None = Field(description="0 to 100.", examples=[100])
    why: str | None = Field(examples=["same-code"])

    @classmethod
    def of(cls, line: AccountLine) -> "TheirAccountView":
        decided, guess = line.decision, line.suggestion
        return cls(
            account=line.account.code, name=line.name, analysis=list(line.account.subconto), uses=line.uses,
            ours=decided.ours if decided else None, dimensions=list(decided.dimensions) if decided else [],
            fixed=dict(decided.fixed) if decided else {}, decided_by=decided.decided_by if decided else "",
            suggested=guess.ours if guess else None, suggested_dimensions=list(guess.dimensions) if guess else [],
            score=guess.score if guess else None, why=guess.why.value if guess else None,
        )  # fmt: skip


class TheirValueView(View):
    dimension: str = Field(examples=["counterparty"])
    said: str
    code: str = Field(description="Decided; empty while it is not.")
    proposed: str
    why: str
    known: bool = Field(description="Whether the register has the code.")


class OldWordView(View):
    before: str = Field(examples=["ќўжат"])
    after: str = Field(examples=["құжат"])
    count: int
    evidence: str = Field(description="`impossible`, `known`, `company` or `unsure`.", examples=["impossible"])
    decided: str | None = Field(description="What was decided; null while nothing was.", examples=[None])


class DoneView(View):
    count: int = Field(description="How many are new.")


class TakeoverBatchView(View):
    kind: str = Field(examples=["month"])
    month: str = Field(examples=["2026-01"])
    entries: int
    postings: int
    amount: Amount
    rows_left: int = Field(description="Refused rows that were not posted.")

    @classmethod
    def of(cls, b: Batch) -> "TakeoverBatchView":
        return cls(
            kind=b.kind, month=month_string(b.month), entries=b.entries, postings=b.postings,
            amount=decimal_string(b.amount_tiyn), rows_left=b.rows_left,
        )  # fmt: skip


class RefusedRowView(View):
    place: str = Field(examples=["A12"])
    document: str
    code: str = Field(examples=["takeover-not-mapped"])


class MonthPlanView(View):
    month: str = Field(examples=["2026-01"])
    documents: int = Field(description="That can be posted now.")
    rows: int
    amount: Amount
    refused: list[RefusedRowView]


class TrialBalanceDifferenceView(View):
    account: str = Field(description="Of ours; with a question mark before it one of theirs that is mapped to none.")
    dimensions: dict[str, str]
    theirs_opening: Amount
    theirs_debit: Amount
    theirs_credit: Amount
    ours_opening: Amount
    ours_debit: Amount
    ours_credit: Amount
    reason: str = Field(description="Where it is explained.")
    explained_by: str

    @classmethod
    def of(cls, d: compared.Difference) -> "TrialBalanceDifferenceView":
        names = [f"{whose}_{what}" for whose in ("theirs", "ours") for what in ("opening", "debit", "credit")]
        return cls(
            account=d.account, dimensions=_named(d.codes), reason=d.reason, explained_by=d.explained_by,
            **{name: decimal_string(getattr(d, name)) for name in names},
        )  # fmt: skip


class ComparisonView(View):
    file: int = Field(description="Id of the trial balance.")
    first: str = Field(examples=["2026-01"])
    last: str = Field(examples=["2026-01"])
    sides: int = Field(description="How many were compared.")
    differences: int
    sum: Amount = Field(description="Of the absolute differences.")
    unexplained: Amount
    agreed_by: str | None
    agreed_at: datetime | None

    @classmethod
    def of(cls, c: compared.Comparison) -> "ComparisonView":
        return cls(
            file=c.file.id, first=month_string(c.file.span.first), last=month_string(c.file.span.last),
            sides=c.sides, differences=len(c.differences), sum=decimal_string(c.size),
            unexplained=decimal_string(c.unexplained), agreed_by=c.agreement.agreed_by if c.agreement else None,
            agreed_at=c.agreement.agreed_at if c.agreement else None,
        )  # fmt: skip


class DifferencesView(View):
    comparison: ComparisonView
    items: list[TrialBalanceDifferenceView]


class TheirPostingView(View):
    place: str = Field(examples=["A12"])
    file: int
    day: date
    document: str
    debit: str
    credit: str
    amount: Amount
    entry_id: int | None = Field(description="Of the entry it became; null where it is not posted.", examples=[None])


class OurPostingView(View):
    entry_id: int
    day: date
    debit: str
    credit: str
    amount: Amount
    memo: str


class BehindDifferenceView(View):
    difference: TrialBalanceDifferenceView
    paired: int = Field(description="Postings alike in day, correspondence and amount, set aside.")
    theirs: list[TheirPostingView]
    ours: list[OurPostingView]


def _named(codes: tuple[str, ...]) -> dict[str, str]:
    return {dimension.slug: code for dimension, code in zip(Dimension, codes, strict=True) if code}


@get(_ALL, opt=_WORK, sync_to_thread=True)
def list_takeovers(visit: Visitor, organisation_id: Organisation) -> Page[TakeoverView]:
    """Takeovers of these books, the latest first."""
    found = visit.read(lambda u: service.takeovers(u, organisation_id))
    return Page(items=[TakeoverView.of(t) for t in found], next=None)


@post(_ALL, opt=_WORK, sync_to_thread=True, status_code=201)
def begin_takeover(visit: Visitor, organisation_id: Organisation, data: BeginBody) -> TakeoverView:
    """Begin to take the institution over; one takeover is under way at a time."""

    def begin(u: UnitOfWork) -> model.Takeover:
        return service.takeover(u, organisation_id, service.begin(u, organisation_id, data))

    return TakeoverView.of(visit.run(begin))


@get(_ONE, opt=_WORK, sync_to_thread=True)
def show_takeover(visit: Visitor, organisation_id: Organisation, takeover_id: Number) -> TakeoverPathView:
    """How far it is, and the next step."""

    def read(u: UnitOfWork) -> tuple[model.Takeover, Path]:
        return service.takeover(u, organisation_id, takeover_id), path(u, organisation_id, takeover_id)

    found, far = visit.read(read)
    return TakeoverPathView(
        takeover=TakeoverView.of(found), next_step=far.next_step, accounts=far.accounts, accounts_mapped=far.mapped,
        values=far.values, values_decided=far.valued, words_to_decide=far.words, counterparties=far.counterparties,
        counterparties_linked=far.linked, opening_posted=far.opening is not None,
        files=[TakenFileView.of(f) for f in far.files],
    )  # fmt: skip


@post(_ONE + "/files", opt=_WORK, sync_to_thread=True, status_code=201, operation_class=FileSent)
def take_in_file(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    takeover_id: Number,
    name: FileName,
    body: RawBody,
    first: Month = None,
    last: Month = None,
) -> TakenFileView:
    """Take in a file that the other program exported: the body is its content. What it is, its headings say."""
    file, span = checked(request, name, body), _span(first, last)
    return TakenFileView.of(visit.run(lambda u: files.take_in(u, organisation_id, takeover_id, file, span)))


@post(_ONE + "/large-files", opt=_WORK, sync_to_thread=True, status_code=202, operation_class=FileSent)
def leave_file(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    takeover_id: Number,
    name: FileName,
    key: Key,
    body: RawBody,
    first: Month = None,
    last: Month = None,
) -> JobView:
    """As a file is taken in, by a job: for one of many thousand rows. Ask the job how it stands."""
    file, span = checked(request, name, body), _span(first, last)
    job_id = visit.run(lambda u: large.ask(u, organisation_id, takeover_id, key, file, span))
    return visit.read(lambda u: view_of(u, job_id))


def _span(first: str | None, last: str | None) -> MonthSpan | None:
    """Raises: MonthMalformed, IntervalReversed."""
    begins = first or last
    return MonthSpan.of(parse_month(begins), parse_month(last or begins)) if begins else None


@delete(_ONE + "/files/{file_id:int}", opt=_WORK, sync_to_thread=True, status_code=204)
def set_file_aside(visit: Visitor, organisation_id: Organisation, takeover_id: Number, file_id: Number) -> None:
    """Let a file count no more; its rows stay on record."""
    visit.run(lambda u: files.set_aside(u, organisation_id, takeover_id, file_id))


@get(_ONE + "/words", opt=_WORK, sync_to_thread=True)
def list_old_words(visit: Visitor, organisation_id: Organisation, takeover_id: Number) -> Page[OldWordView]:
    """Words that look like Kazakh of an old font."""
    repairs, decided = visit.read(lambda u: mapping.words(u, organisation_id, takeover_id))
    return Page(
        items=[
            OldWordView(
                before=r.before, after=r.after, count=r.count, evidence=r.evidence.value, decided=decided.get(r.before)
            )
            for r in repairs
        ],
        next=None,
    )


@post(_ONE + "/words", opt=_WORK, sync_to_thread=True, status_code=200)
def decide_old_words(visit: Visitor, organisation_id: Organisation, takeover_id: Number, data: WordsBody) -> DoneView:
    """Say of words what they are; the same word where it is to stay."""
    return DoneView(count=visit.run(lambda u: mapping.decide_words(u, organisation_id, takeover_id, data)))


@post(_ONE + "/counterparties", opt=_WORK, sync_to_thread=True, status_code=200)
def link_counterparties(visit: Visitor, organisation_id: Organisation, takeover_id: Number) -> DoneView:
    """Register their counterparties that are new; `count` says how many."""
    return DoneView(count=visit.run(lambda u: mapping.link_counterparties(u, organisation_id, takeover_id)))


def earlier_decisions(visit: Visit, organisation_id: int, takeover_id: int) -> list[Earlier]:
    """What the accounts became in the other takeovers of all books that the visitor may read."""
    readable = reach(visit.identity, Permission.JOURNAL_READ) if visit.identity else frozenset[int]()
    codes = visit.read(lambda u: mapping.codes(u, organisation_id, takeover_id))
    wide = Scope(visit.scope.actor, reads=readable)
    return uow.read(visit.engine, wide, lambda u: mapping.earlier_decisions(u, takeover_id, codes))


@get(_ONE + "/accounts", opt=_WORK, sync_to_thread=True)
def list_their_accounts(visit: Visitor, organisation_id: Organisation, takeover_id: Number) -> Page[TheirAccountView]:
    """Their accounts, what each becomes, and what is suggested."""
    earlier = earlier_decisions(visit, organisation_id, takeover_id)
    found = visit.read(lambda u: mapping.accounts(u, organisation_id, takeover_id, earlier))
    return Page(items=[TheirAccountView.of(line) for line in found], next=None)


@post(_ONE + "/accounts", opt=_WORK, sync_to_thread=True, status_code=200)
def decide_their_accounts(
    visit: Visitor, organisation_id: Organisation, takeover_id: Number, data: AccountsBody
) -> DoneView:
    """Say what accounts become here."""
    return DoneView(count=visit.run(lambda u: mapping.decide_accounts(u, organisation_id, takeover_id, data)))


@post(_ONE + "/accounts/accept", opt=_WORK, sync_to_thread=True, status_code=200)
def accept_suggestions(
    visit: Visitor, organisation_id: Organisation, takeover_id: Number, data: AcceptBody
) -> DoneView:
    """Accept every suggestion that is at least so sure."""
    earlier = earlier_decisions(visit, organisation_id, takeover_id)
    return DoneView(
        count=visit.run(lambda u: mapping.accept_suggestions(u, organisation_id, takeover_id, data, earlier))
    )


@get(_ONE + "/values", opt=_WORK, sync_to_thread=True)
def list_their_values(visit: Visitor, organisation_id: Organisation, takeover_id: Number) -> Page[TheirValueView]:
    """Values of their analysis that need a code of a register."""
    found = visit.read(lambda u: mapping.values(u, organisation_id, takeover_id))
    return Page(
        items=[
            TheirValueView(
                dimension=v.dimension.slug, said=v.said, code=v.code, proposed=v.proposed, why=v.why, known=v.known
            )
            for v in found
        ],
        next=None,
    )  # fmt: skip


@post(_ONE + "/values", opt=_WORK, sync_to_thread=True, status_code=200)
def decide_their_values(
    visit: Visitor, organisation_id: Organisation, takeover_id: Number, data: ValuesBody
) -> DoneView:
    """Say what values are here."""
    return DoneView(count=visit.run(lambda u: mapping.decide_values(u, organisation_id, takeover_id, data)))


@post(_ONE + "/values/accept", opt=_WORK, sync_to_thread=True, status_code=200)
def accept_their_values(visit: Visitor, organisation_id: Organisation, takeover_id: Number) -> DoneView:
    """Accept every proposed code that its register has."""
    return DoneView(count=visit.run(lambda u: mapping.accept_values(u, organisation_id, takeover_id)))


@post(_ONE + "/opening", opt=_WORK, sync_to_thread=True, status_code=200)
def post_opening_balances(
    visit: Visitor, organisation_id: Organisation, takeover_id: Number, data: OpeningBody
) -> TakeoverBatchView:
    """Post the opening balances, all or nothing, tied to the file. The command's `key` makes it safe to send again."""
    return TakeoverBatchView.of(visit.run(lambda u: opening.post_opening(u, organisation_id, takeover_id, data.key)))


@post(_ONE + "/opening/storno", opt=_WORK, sync_to_thread=True, status_code=200)
def take_back_opening_balances(
    visit: Visitor, organisation_id: Organisation, takeover_id: Number, data: OpeningBody
) -> DoneView:
    """Cancel the posted opening balances by storno; `count` says how many entries. The same `key` does it once."""
    return DoneView(count=visit.run(lambda u: opening.take_back_opening(u, organisation_id, takeover_id, data.key)))


@get(_ONE + "/months/{month:str}", opt=_WORK, sync_to_thread=True)
def plan_of_month(
    visit: Visitor,
    organisation_id: Organisation,
    takeover_id: Number,
    month: Annotated[str, PathParameter(max_length=7)],
) -> MonthPlanView:
    """What of a month can be posted, and why the rest cannot."""
    plan = visit.read(lambda u: months.month_plan(u, organisation_id, takeover_id, parse_month(month)))
    return MonthPlanView(
        month=month, documents=len(plan.documents), rows=plan.rows, amount=decimal_string(plan.amount_tiyn),
        refused=[
            RefusedRowView(
                place=f"A{fault.row.row_no}", document=fault.row.document, code=getattr(fault.error, "code", "")
            )
            for fault in plan.refused
        ],
    )  # fmt: skip


@post(_ONE + "/months", opt=_WORK, sync_to_thread=True, status_code=200)
def post_their_month(
    visit: Visitor, organisation_id: Organisation, takeover_id: Number, data: MonthBody
) -> TakeoverBatchView:
    """Post every document of a month that can be posted. The command's `key` makes it safe to send again."""
    month = parse_month(data.month)
    return TakeoverBatchView.of(
        visit.run(lambda u: months.post_month(u, organisation_id, takeover_id, month, data.key))
    )


@get(_ONE + "/comparisons", opt=_WORK, sync_to_thread=True)
def list_comparisons(visit: Visitor, organisation_id: Organisation, takeover_id: Number) -> Page[ComparisonView]:
    """Their trial balances against ours, month by month."""
    found = visit.read(lambda u: comparing.comparisons(u, organisation_id, takeover_id))
    return Page(items=[ComparisonView.of(c) for c in found], next=None)


@get(_ONE + "/comparisons/{file_id:int}", opt=_WORK, sync_to_thread=True)
def list_differences(
    visit: Visitor, organisation_id: Organisation, takeover_id: Number, file_id: Number
) -> DifferencesView:
    """Sides on which the two differ."""
    found = visit.read(lambda u: comparing.comparison(u, organisation_id, takeover_id, file_id))
    return DifferencesView(
        comparison=ComparisonView.of(found), items=[TrialBalanceDifferenceView.of(d) for d in found.differences]
    )


@get(_ONE + "/comparisons/{file_id:int}/behind", opt=_WORK, sync_to_thread=True)
def behind_difference(
    visit: Visitor,
    organisation_id: Organisation,
    takeover_id: Number,
    file_id: Number,
    account: FromQuery[str],
    values: Values = None,
) -> BehindDifferenceView:
    """Postings behind a difference."""
    said = values_said(values)
    codes = [said.get(dimension, "") for dimension in Dimension]
    _, difference, drill = visit.read(
        lambda u: comparing.behind(u, organisation_id, takeover_id, file_id, account, codes)
    )
    return BehindDifferenceView(
        difference=TrialBalanceDifferenceView.of(difference),
        paired=drill.paired,
        theirs=[
            TheirPostingView(
                place=t.place, file=t.file_id, day=t.on, document=t.document, debit=t.debit, credit=t.credit,
                amount=decimal_string(t.amount_tiyn), entry_id=t.entry_id,
            )
            for t in drill.theirs
        ],
        ours=[
            OurPostingView(
                entry_id=o.entry_id, day=o.on, debit=o.debit, credit=o.credit, amount=decimal_string(o.amount_tiyn),
                memo=o.memo,
            )
            for o in drill.ours
        ],
    )  # fmt: skip


@post(_ONE + "/comparisons/{file_id:int}/explanations", opt=_WORK, sync_to_thread=True, status_code=204)
def explain_difference(
    visit: Visitor, organisation_id: Organisation, takeover_id: Number, file_id: Number, data: ReasonBody
) -> None:
    """Say why a difference is there; it counts as explained while it stays the same."""
    visit.run(lambda u: comparing.explain(u, organisation_id, takeover_id, file_id, data))


@post(_ONE + "/comparisons/{file_id:int}/agreement", opt=_AGREE, sync_to_thread=True, status_code=204)
def agree_trial_balances(visit: Visitor, organisation_id: Organisation, takeover_id: Number, file_id: Number) -> None:
    """Record that both trial balances are equal."""
    visit.run(lambda u: comparing.agree(u, organisation_id, takeover_id, file_id))


@post(_ONE + "/finish", opt=_AGREE, sync_to_thread=True, status_code=204)
def finish_takeover(visit: Visitor, organisation_id: Organisation, takeover_id: Number) -> None:
    """End the parallel run."""
    visit.run(lambda u: comparing.finish(u, organisation_id, takeover_id))


@post(_ONE + "/give-up", opt=_AGREE, sync_to_thread=True, status_code=204)
def give_takeover_up(visit: Visitor, organisation_id: Organisation, takeover_id: Number) -> None:
    """Leave the takeover as it is; what is posted stays posted."""
    visit.run(lambda u: service.give_up(u, organisation_id, takeover_id))


routes = [
    list_takeovers,
    begin_takeover,
    show_takeover,
    take_in_file,
    leave_file,
    set_file_aside,
    list_old_words,
    decide_old_words,
    link_counterparties,
    list_their_accounts,
    decide_their_accounts,
    accept_suggestions,
    list_their_values,
    decide_their_values,
    accept_their_values,
    post_opening_balances,
    take_back_opening_balances,
    plan_of_month,
    post_their_month,
    list_comparisons,
    list_differences,
    behind_difference,
    explain_difference,
    agree_trial_balances,
    finish_takeover,
    give_takeover_up,
]
