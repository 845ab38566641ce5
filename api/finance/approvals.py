"""Approval by a second person under ``/api/v1``: what was prepared, who decides, where it is asked for."""

from base64 import b64encode
from collections.abc import Callable
from datetime import date, datetime
from hashlib import sha256
from typing import Annotated, Any, Literal

from litestar import Request, Response, get, post, put
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, FromQuery, QueryParameter
from pydantic import Field

from api.conventions import (
    BOOKS,
    Amount,
    Cursor,
    IfMatch,
    Limit,
    Organisation,
    Page,
    View,
    version_seen,
)
from api.finance.journal import EntryBody, PostedView, PostingView
from api.security import Visit, Visitor
from erp.base.errors import DomainError
from erp.base.i18n import Language
from erp.base.money import decimal_string
from erp.base.uow import UnitOfWork
from erp.finance.approvals import model, service
from erp.finance.approvals.model import WAITING, PreparedFilter, State, Step
from erp.finance.approvals.rules import PreparedUnknown, subject
from erp.finance.approvals.schemas import (
    AllowException,
    ApproveChosen,
    ChangeRoute,
    EndException,
    PrepareCorrection,
    ReleaseJournal,
    RequireApproval,
    ReturnPrepared,
    TakeStep,
    WithdrawPrepared,
)
from erp.reference.access.model import Permission
from erp.reference.signatures import service as signatures
from erp.reference.signatures.model import Signature
from ledger.errors import LedgerError

_PREPARED = BOOKS + "/prepared-entries"
_ONE = _PREPARED + "/{prepared_id:int}"
_DUTIES = BOOKS + "/approval-journals"
_EXCEPTIONS = BOOKS + "/approval-exceptions"
_READ = {"policy": Permission.JOURNAL_READ}
_POST = {"policy": Permission.JOURNAL_POST}
_CORRECT = {"policy": Permission.JOURNAL_CORRECT}
_APPROVE = {"policy": Permission.JOURNAL_APPROVE}
_SIGN = {"policy": Permission.DOCUMENT_SIGN}

_A_CORRECTION = {
    "key": "2f7c3c0e-9d1a-4f0e-8c55-3a9f5b1d6e20",
    "entry_id": 345,
    "effective_on": "2026-11-21",
    "reason": "Накладная введена дважды",
    "kind": "storno",
}
CorrectionBody = Annotated[PrepareCorrection, Body(examples=[Example(summary="A double entry", value=_A_CORRECTION)])]
ReturnBody = Annotated[
    ReturnPrepared, Body(examples=[Example(summary="A wrong account", value={"reason": "Неверный счёт: нужен 7060"})])
]
WithdrawalBody = Annotated[
    WithdrawPrepared | None, Body(examples=[Example(summary="Another’s document", value={"reason": "Оплата отменена"})])
]
_CHOSEN = {"chosen": [{"id": 7, "version": 1}, {"id": 9, "version": 3}], "dry_run": True}
ChosenBody = Annotated[ApproveChosen, Body(examples=[Example(summary="What would become of two", value=_CHOSEN)])]
_STEPS = {
    "steps": [
        {"step": "check"},
        {"step": "first-signature", "evidence": "cms"},
        {"step": "second-signature"},
    ]
}
RequireBody = Annotated[
    RequireApproval,
    Body(
        examples=[
            Example(summary="Supplies from December on", value={"journal": "MO-06", "since": "2026-12-01"}),
            Example(summary="Checked, then signed twice", value={"journal": "MO-04", "since": "2026-12-01"} | _STEPS),
        ]
    ),
]
ChangeBody = Annotated[
    ChangeRoute,
    Body(examples=[Example(summary="Signed twice from January on", value={"since": "2027-01-01"} | _STEPS)]),
]
StepBody = Annotated[
    TakeStep | None,
    Body(
        examples=[
            Example(summary="Consent", value={}),
            Example(summary="A digital signature", value={"container": "MIIKtAYJKoZIhvcNAQcCoIIKpTCCCqECAQExDzANBg=="}),
        ]
    ),
]
ReleaseBody = Annotated[
    ReleaseJournal, Body(examples=[Example(summary="Until the year ends", value={"until": "2027-01-01"})])
]
_ALLOWED = {"user_id": 12, "since": "2026-12-01", "until": "2027-01-01", "reason": "Единственный бухгалтер"}
AllowBody = Annotated[AllowException, Body(examples=[Example(summary="The only accountant", value=_ALLOWED)])]
EndBody = Annotated[
    EndException, Body(examples=[Example(summary="A second one was hired", value={"until": "2026-12-15"})])
]

StateName = Literal["prepared", "checked", "first-signed", "returned", "withdrawn", "approved"]
StepName = Literal["check", "first-signature", "second-signature"]
Standing = Annotated[StateName | None, QueryParameter(name="state", description="How it stands.")]
Mine = Annotated[
    Literal["me"] | None, QueryParameter(name="waits_for", description="`me`: only what you may take the next step of.")
]
Through = Annotated[date | None, QueryParameter(description="The last day that the entries count for.")]
Name = Annotated[str, Field(examples=["Айгүл Серікова"])]


class ExceptionView(View):
    id: int = Field(examples=[3])
    user_id: int = Field(examples=[12])
    user: Name
    since: date
    until: date = Field(description="The first day on which it no longer counts.")
    reason: str = Field(examples=["Единственный бухгалтер"])
    allowed_by: Name
    allowed_at: datetime
    used: int = Field(description="Entries that their preparer approved under it.", examples=[4])

    @classmethod
    def of(cls, x: model.DutyException) -> "ExceptionView":
        return cls(
            id=x.id,
            user_id=x.user_id,
            user=x.user,
            since=x.since,
            until=x.until,
            reason=x.reason,
            allowed_by=x.allowed_by,
            allowed_at=x.allowed_at,
            used=x.used,
        )


class AskedStepView(View):
    step: StepName
    evidence: Literal["consent", "cms"] = Field(description="`cms`: a digital signature is needed.")


class DutyView(View):
    id: int = Field(examples=[1])
    journal: str = Field(examples=["MO-06"])
    since: date
    until: date | None = Field(description="The first day on which it no longer counts; null while it has no end.")
    steps: list[AskedStepView] = Field(description="What follows on the preparation, in order; the last step posts.")

    @classmethod
    def of(cls, d: model.Duty) -> "DutyView":
        assert d.in_force.start is not None
        steps = [AskedStepView.model_validate({"step": s.value, "evidence": e}) for s, e in d.asked.items()]
        return cls(id=d.id, journal=d.journal.code, since=d.in_force.start, until=d.in_force.end, steps=steps)


class ActView(View):
    version: int = Field(examples=[1])
    act: StateName = Field(
        description="`approved` is the last step of the route, which posts; `checked` and `first-signed` others."
    )
    revision: int = Field(description="Which preparation it concerns.", examples=[1])
    actor: Name
    on_behalf_of: str = Field(description="Whose rights a delegate used; mostly empty.", examples=[""])
    reason: str = Field(examples=[""])
    at: datetime


class RouteStepView(View):
    """A step of the document's route."""

    step: StepName
    evidence: Literal["consent", "cms"] = Field(description="`cms`: a digital signature is needed.")
    actor: str | None = Field(description="Who took it with the last revision; null while nobody did.")
    at: datetime | None
    is_due: bool

    @classmethod
    def of(cls, link: model.Link) -> "RouteStepView":
        return cls(
            step=link.step.value,
            evidence="cms" if link.needs_cms else "consent",
            actor=link.act.actor if link.act else None,
            at=link.act.at if link.act else None,
            is_due=link.is_due,
        )


class PreparedRow(View):
    id: int = Field(examples=[7])
    version: int = Field(description="Number of the last act; its `ETag` is this number.", examples=[1])
    state: StateName
    kind: Literal["entry", "correction"]
    journal: str = Field(examples=["MO-06"])
    effective_on: date
    memo: str
    document_number: str
    amount: Amount
    prepared_by: Name
    prepared_at: datetime
    entry_id: int | None = Field(description="Where it is posted.")
    one_person: bool = Field(description="Whether one person did what two should have, under an exception.")
    next_step: StepName | None = Field(description="The step that is due.")

    @classmethod
    def of(cls, r: model.PreparedRow) -> "PreparedRow":
        return cls(
            id=r.id,
            version=r.version,
            state=r.state.value,
            kind="correction" if r.kind == "correction" else "entry",
            journal=r.journal_code,
            effective_on=r.effective_on,
            memo=r.memo,
            document_number=r.document_number,
            amount=decimal_string(r.amount_tiyn),
            prepared_by=r.prepared_by,
            prepared_at=r.prepared_at,
            entry_id=r.entry_id,
            one_person=r.under_exception,
            next_step=r.next_step.value if r.next_step else None,
        )


class PreparedView(View):
    """A prepared entry whole, as it would be posted, with every act on it."""

    id: int = Field(examples=[7])
    version: int = Field(description="Number of the last act; its `ETag` is this number.", examples=[1])
    state: StateName
    kind: Literal["entry", "correction"]
    journal: str = Field(examples=["MO-06"])
    effective_on: date
    memo: str
    document_number: str
    document_on: date | None
    amount: Amount
    postings: list[PostingView]
    corrects: int | None = Field(description="Of a correction: the entry it cancels.")
    correction: str = Field(description="Of a correction: `storno` or `reversal`.", examples=[""])
    reason: str = Field(description="Of a correction.", examples=[""])
    acts: list[ActView]
    entry_id: int | None = Field(description="Where it is posted.")
    entry_number: int | None
    exception: ExceptionView | None = Field(description="Under which one person did what two should have.")
    steps: list[RouteStepView] = Field(description="Its route; fixed when it was prepared.")
    next_step: StepName | None = Field(description="The step that is due.")

    @classmethod
    def of(cls, p: model.PreparedView) -> "PreparedView":
        return cls(
            id=p.id,
            version=p.version,
            state=p.state.value,
            kind="correction" if p.kind == "correction" else "entry",
            journal=p.journal.code,
            effective_on=p.effective_on,
            memo=p.memo,
            document_number=p.document_number,
            document_on=p.document_on,
            amount=decimal_string(p.amount_tiyn),
            postings=[PostingView.of(posting) for posting in p.postings],
            corrects=p.corrects,
            correction=p.correction,
            reason=p.reason,
            acts=[
                ActView(
                    version=act.version,
                    act=act.act.value,
                    revision=act.revision,
                    actor=act.actor,
                    on_behalf_of=act.on_behalf_of,
                    reason=act.reason,
                    at=act.at,
                )
                for act in p.acts
            ],
            entry_id=p.entry_id,
            entry_number=p.entry_number,
            exception=ExceptionView.of(p.exception) if p.exception else None,
            steps=[RouteStepView.of(link) for link in p.chain],
            next_step=p.next_step.value if p.next_step else None,
        )


class PreparedRef(View):
    """Where it is; ``is_new`` is false when the key, or the version, had been used for the same before."""

    id: int = Field(examples=[7])
    version: int = Field(examples=[1])
    is_new: bool


class OutcomeView(View):
    """What became, or would become, of one of those chosen: an entry, or the refusal."""

    id: int = Field(examples=[7])
    approved: bool = Field(description="Whether it is approved, or in a dry run could be.")
    entry_id: int | None = Field(description="Where it is posted; null in a dry run.")
    code: str | None = Field(description="Of the refusal.", examples=["own-entry"])
    detail: str | None = Field(description="The refusal in the caller's language.")


class OutcomesView(View):
    dry_run: bool
    approved: int = Field(description="How many are, or could be, approved.", examples=[1])
    items: list[OutcomeView]


class ApprovalView(View):
    """How a posted entry was approved."""

    prepared_id: int = Field(examples=[7])
    prepared_by: Name
    approved_by: Name
    approved_at: datetime
    exception: ExceptionView | None
    steps: list[RouteStepView]


class ContentView(View):
    """What is signed by a step, byte for byte."""

    step: StepName
    purpose: str = Field(examples=["second-signature"])
    content: str = Field(description="Base64.")
    sha256: str = Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])


class StepSignatureView(View):
    id: int = Field(examples=[31])
    purpose: str = Field(examples=["first-signature"])
    signer: Name
    method: Literal["consent", "cms"]
    signed_at: datetime
    check_code: str = Field(description="By which anybody who holds the document has it checked.")
    certificate: str | None = Field(description="Serial number, hexadecimal; null of a consent.")

    @classmethod
    def of(cls, s: Signature) -> "StepSignatureView":
        return cls(
            id=s.id,
            purpose=s.purpose,
            signer=s.signer,
            method=s.method.value,
            signed_at=s.signed_at,
            check_code=s.check_code,
            certificate=s.certificate.serial if s.certificate else None,
        )


# ------------------------------------------------------------------------------------------------ prepare


@get(_PREPARED, opt=_READ, sync_to_thread=True)
def list_prepared(
    visit: Visitor,
    organisation_id: Organisation,
    standing: Standing = None,
    journal: FromQuery[str | None] = None,
    through: Through = None,
    waits_for: Mine = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PreparedRow]:
    """What was prepared, the newest first; without `state` what waits: for a step, or returned to be mended."""
    hands = service.hands_of(visit.identity, organisation_id) if waits_for else None
    narrowed = PreparedFilter((State(standing),) if standing else WAITING, journal, through, hands)
    page = visit.read(lambda uow: service.prepared_entries(uow, organisation_id, narrowed, cursor, limit))
    return Page(items=[PreparedRow.of(r) for r in page.rows], next=page.next_cursor)


@post(_PREPARED, opt=_POST, sync_to_thread=True)
def prepare_entry(visit: Visitor, organisation_id: Organisation, data: EntryBody) -> PreparedRef:
    """Send an entry for approval: a second person posts it under the same `key`."""
    return _prepared(visit.run(lambda uow: service.prepare(uow, organisation_id, data)))


@post(f"{_PREPARED}/corrections", opt=_CORRECT, sync_to_thread=True)
def prepare_correction(visit: Visitor, organisation_id: Organisation, data: CorrectionBody) -> PreparedRef:
    """Send a storno or a reversal of a posted entry for approval."""
    return _prepared(visit.run(lambda uow: service.prepare(uow, organisation_id, data)))


@get(_ONE, opt=_READ, sync_to_thread=True)
def get_prepared(
    request: Request[Any, Any, Any], visit: Visitor, organisation_id: Organisation, prepared_id: FromPath[int]
) -> Response[PreparedView]:
    """One of them whole. Its `ETag` is its version: whoever decides sends it back as `If-Match`."""
    shown = visit.read(lambda uow: PreparedView.of(service.prepared_entry(uow, organisation_id, prepared_id)))
    tag = f'"{shown.version}"'
    if tag in request.headers.get("if-none-match", ""):
        return Response(None, status_code=304, headers={"ETag": tag})  # type: ignore[arg-type]
    return Response(shown, headers={"ETag": tag})


@put(_ONE, opt=_POST, sync_to_thread=True)
def prepare_entry_again(
    visit: Visitor, organisation_id: Organisation, prepared_id: FromPath[int], data: EntryBody, if_match: IfMatch = None
) -> PreparedRef:
    """Mend what was returned, or what waits, and send it for approval anew. It keeps its first `key`."""
    version = version_seen(if_match)
    done = visit.run(lambda uow: service.prepare_again(uow, organisation_id, prepared_id, version, data))
    return _prepared(done)


@put(f"{_ONE}/correction", opt=_CORRECT, sync_to_thread=True)
def prepare_correction_again(
    visit: Visitor,
    organisation_id: Organisation,
    prepared_id: FromPath[int],
    data: CorrectionBody,
    if_match: IfMatch = None,
) -> PreparedRef:
    """Mend a prepared correction and send it for approval anew. It keeps its first `key`."""
    version = version_seen(if_match)
    done = visit.run(lambda uow: service.prepare_again(uow, organisation_id, prepared_id, version, data))
    return _prepared(done)


# ------------------------------------------------------------------------------------------------ decide


@get(f"{_ONE}/signing", opt=_READ, sync_to_thread=True)
def get_content_to_sign(visit: Visitor, organisation_id: Organisation, prepared_id: FromPath[int]) -> ContentView:
    """What whoever takes the step that is due signs: sign these bytes, detached, and send the container with the step.

    404 where no step is due.
    """

    def look(uow: UnitOfWork) -> ContentView:
        step = service.prepared_entry(uow, organisation_id, prepared_id).next_step
        if step is None:
            raise PreparedUnknown()
        content = service.content_to_sign(uow, organisation_id, prepared_id, step)
        return ContentView(
            step=step.value,
            purpose=step.purpose,
            content=b64encode(content).decode(),
            sha256=sha256(content).hexdigest(),
        )

    return visit.read(look)


@get(f"{_ONE}/signatures", opt=_READ, sync_to_thread=True)
def list_signatures(
    visit: Visitor, organisation_id: Organisation, prepared_id: FromPath[int]
) -> Page[StepSignatureView]:
    """Who signed it, in the order in which it was done."""

    def look(uow: UnitOfWork) -> Page[StepSignatureView]:
        service.prepared_entry(uow, organisation_id, prepared_id)
        found = signatures.signatures_of(uow, organisation_id, subject(organisation_id, prepared_id))
        return Page(items=[StepSignatureView.of(each) for each in found])

    return visit.read(look)


@post(f"{_ONE}/check", opt=_APPROVE, sync_to_thread=True, status_code=200)
def check(
    visit: Visitor,
    organisation_id: Organisation,
    prepared_id: FromPath[int],
    data: StepBody = None,
    if_match: IfMatch = None,
) -> PreparedView:
    """Check it, where that is the step that is due. Where it is the last step, it posts."""
    return _taken(visit, organisation_id, prepared_id, Step.CHECK, data, if_match)


@post(f"{_ONE}/sign", opt=_SIGN, sync_to_thread=True, status_code=200)
def sign(
    visit: Visitor,
    organisation_id: Organisation,
    prepared_id: FromPath[int],
    data: StepBody = None,
    if_match: IfMatch = None,
) -> PreparedView:
    """Give the first signature, where that is the step that is due. Where it is the last step, it posts."""
    return _taken(visit, organisation_id, prepared_id, Step.FIRST_SIGNATURE, data, if_match)


def _taken(
    visit: Visit, organisation_id: int, prepared_id: int, step: Step, data: TakeStep | None, if_match: str | None
) -> PreparedView:
    version, evidence = version_seen(if_match), (data or TakeStep()).signed
    visit.run(lambda uow: service.take_step(uow, organisation_id, prepared_id, version, step, evidence))
    return visit.read(lambda uow: PreparedView.of(service.prepared_entry(uow, organisation_id, prepared_id)))


@post(f"{_ONE}/approve", opt=_APPROVE, sync_to_thread=True, status_code=200)
def approve(
    visit: Visitor,
    organisation_id: Organisation,
    prepared_id: FromPath[int],
    data: StepBody = None,
    if_match: IfMatch = None,
) -> PostedView:
    """Give the second signature and post. Whoever prepared it does not, but for an exception. Again it posts once."""
    version, evidence = version_seen(if_match), (data or TakeStep()).signed
    receipt = visit.run(lambda uow: service.approve(uow, organisation_id, prepared_id, version, evidence))
    return PostedView.of(receipt())


@post(f"{_PREPARED}/approve", opt=_APPROVE, sync_to_thread=True, status_code=200)
def approve_chosen(
    request: Request[Any, Any, Any], visit: Visitor, organisation_id: Organisation, data: ChosenBody
) -> OutcomesView:
    """Approve several, each by itself: one that is refused does not stop the others."""
    say = request.app.state.say
    items = [_outcome(visit, say, organisation_id, each.id, each.version, data.dry_run) for each in data.chosen]
    return OutcomesView(dry_run=data.dry_run, approved=sum(item.approved for item in items), items=items)


@post(f"{_ONE}/return", opt=_APPROVE, sync_to_thread=True, status_code=200)
def return_prepared(
    visit: Visitor,
    organisation_id: Organisation,
    prepared_id: FromPath[int],
    data: ReturnBody,
    if_match: IfMatch = None,
) -> PreparedView:
    """Send it back to who prepared it, with a reason."""
    version = version_seen(if_match)

    def send_back(uow: UnitOfWork) -> None:
        service.return_prepared(uow, organisation_id, prepared_id, version, data.reason)

    return _done(visit, organisation_id, prepared_id, send_back)


@post(f"{_ONE}/sign/return", opt=_SIGN, sync_to_thread=True, status_code=200)
def return_unsigned(
    visit: Visitor,
    organisation_id: Organisation,
    prepared_id: FromPath[int],
    data: ReturnBody,
    if_match: IfMatch = None,
) -> PreparedView:
    """Send back what waits for the first signature, with a reason."""
    version = version_seen(if_match)

    def send_back(uow: UnitOfWork) -> None:
        due = Step.FIRST_SIGNATURE
        service.return_prepared(uow, organisation_id, prepared_id, version, data.reason, due=due)

    return _done(visit, organisation_id, prepared_id, send_back)


@post(f"{_ONE}/reinstate", opt=_POST, sync_to_thread=True, status_code=200)
def reinstate(
    visit: Visitor, organisation_id: Organisation, prepared_id: FromPath[int], if_match: IfMatch = None
) -> PreparedView:
    """Undo a withdrawal: it goes its route anew, as it was."""
    version = version_seen(if_match)

    def take_back(uow: UnitOfWork) -> None:
        service.reinstate(uow, organisation_id, prepared_id, version)

    return _done(visit, organisation_id, prepared_id, take_back)


@post(f"{_ONE}/withdraw", opt=_POST, sync_to_thread=True, status_code=200)
def withdraw(
    visit: Visitor,
    organisation_id: Organisation,
    prepared_id: FromPath[int],
    data: WithdrawalBody = None,
    if_match: IfMatch = None,
) -> PreparedView:
    """Take it back for good: it will not be posted. Of what somebody else prepared, say why."""
    version, reason = version_seen(if_match), data.reason if data else ""
    return _done(
        visit,
        organisation_id,
        prepared_id,
        lambda uow: service.withdraw(uow, organisation_id, prepared_id, version, reason),
    )


@get(f"{BOOKS}/entries/{{entry_id:int}}/approval", opt=_READ, sync_to_thread=True)
def get_approval(visit: Visitor, organisation_id: Organisation, entry_id: FromPath[int]) -> ApprovalView:
    """Who prepared and who approved a posted entry; 404 where it needed no approval."""
    found = visit.read(lambda uow: service.approval_of(uow, organisation_id, entry_id))
    if found is None:
        raise PreparedUnknown()
    return ApprovalView(
        prepared_id=found.prepared_id,
        prepared_by=found.prepared_by,
        approved_by=found.approved_by,
        approved_at=found.approved_at,
        exception=ExceptionView.of(found.exception) if found.exception else None,
        steps=[RouteStepView.of(link) for link in found.chain],
    )


def _outcome(
    visit: Visit,
    say: Callable[[Exception, Language], str],
    organisation_id: int,
    prepared_id: int,
    version: int,
    dry_run: bool,
) -> OutcomeView:
    try:
        if dry_run:
            visit.run(lambda uow: service.try_to_approve(uow, organisation_id, prepared_id, version))
            return OutcomeView(id=prepared_id, approved=True, entry_id=None, code=None, detail=None)
        receipt = visit.run(lambda uow: service.approve(uow, organisation_id, prepared_id, version))
    except (DomainError, LedgerError) as refusal:
        said = say(refusal, visit.language)
        return OutcomeView(id=prepared_id, approved=False, entry_id=None, code=refusal.code, detail=said)
    return OutcomeView(id=prepared_id, approved=True, entry_id=receipt().entry_id, code=None, detail=None)


def _done(visit: Visit, organisation_id: int, prepared_id: int, act: Callable[[UnitOfWork], None]) -> PreparedView:
    """Do it, and what it became."""

    def do_and_look(uow: UnitOfWork) -> PreparedView:
        act(uow)
        return PreparedView.of(service.prepared_entry(uow, organisation_id, prepared_id))

    return visit.run(do_and_look)


def _prepared(done: model.Prepared) -> PreparedRef:
    return PreparedRef(id=done.id, version=done.version, is_new=done.is_new)


# ------------------------------------------------------------------------------------------------ where it is asked for


@get(_DUTIES, opt=_READ, sync_to_thread=True)
def list_journals(visit: Visitor, organisation_id: Organisation) -> Page[DutyView]:
    """Journals whose entries need, needed or will need a second person."""
    return Page(items=[DutyView.of(d) for d in visit.read(lambda uow: service.duties(uow, organisation_id))])


@post(_DUTIES, opt=_APPROVE, sync_to_thread=True)
def require_approval(visit: Visitor, organisation_id: Organisation, data: RequireBody) -> DutyView:
    """Ask for a second person in a journal, from today or later."""

    def require(uow: UnitOfWork) -> DutyView:
        return _duty(uow, organisation_id, service.require_approval(uow, organisation_id, data))

    return visit.run(require)


@post(f"{_DUTIES}/{{duty_id:int}}/steps", opt=_APPROVE, sync_to_thread=True, status_code=200)
def change_route(
    visit: Visitor, organisation_id: Organisation, duty_id: FromPath[int], data: ChangeBody
) -> Page[DutyView]:
    """Give the journal other steps from a day on; what is under way goes on by its own. Answers with what there is."""

    def change(uow: UnitOfWork) -> Page[DutyView]:
        service.change_route(uow, organisation_id, duty_id, data)
        return Page(items=[DutyView.of(d) for d in service.duties(uow, organisation_id)])

    return visit.run(change)


@post(f"{_DUTIES}/{{duty_id:int}}/end", opt=_APPROVE, sync_to_thread=True, status_code=200)
def release_journal(
    visit: Visitor, organisation_id: Organisation, duty_id: FromPath[int], data: ReleaseBody
) -> Page[DutyView]:
    """End it tomorrow or later; what has not begun is taken away. Answers with what there is then."""

    def release(uow: UnitOfWork) -> Page[DutyView]:
        service.release_journal(uow, organisation_id, duty_id, data)
        return Page(items=[DutyView.of(d) for d in service.duties(uow, organisation_id)])

    return visit.run(release)


@get(_EXCEPTIONS, opt=_READ, sync_to_thread=True)
def list_exceptions(visit: Visitor, organisation_id: Organisation) -> Page[ExceptionView]:
    """Who may, might or will be able to approve their own entries: the latest first."""
    found = visit.read(lambda uow: service.exceptions(uow, organisation_id))
    return Page(items=[ExceptionView.of(x) for x in found])


@post(_EXCEPTIONS, opt=_APPROVE, sync_to_thread=True)
def allow_exception(visit: Visitor, organisation_id: Organisation, data: AllowBody) -> ExceptionView:
    """Let another person approve their own entries for a time."""

    def allow(uow: UnitOfWork) -> ExceptionView:
        exception_id = service.allow_exception(uow, organisation_id, data)
        return ExceptionView.of(next(x for x in service.exceptions(uow, organisation_id) if x.id == exception_id))

    return visit.run(allow)


@post(f"{_EXCEPTIONS}/{{exception_id:int}}/end", opt=_APPROVE, sync_to_thread=True, status_code=200)
def end_exception(
    visit: Visitor, organisation_id: Organisation, exception_id: FromPath[int], data: EndBody
) -> Page[ExceptionView]:
    """End it tomorrow or later; what has not begun is taken away. Answers with what there is then."""

    def end(uow: UnitOfWork) -> Page[ExceptionView]:
        service.end_exception(uow, organisation_id, exception_id, data.until)
        return Page(items=[ExceptionView.of(x) for x in service.exceptions(uow, organisation_id)])

    return visit.run(end)


def _duty(uow: UnitOfWork, organisation_id: int, duty_id: int) -> DutyView:
    return DutyView.of(next(d for d in service.duties(uow, organisation_id) if d.id == duty_id))


routes = [
    list_prepared,
    prepare_entry,
    prepare_correction,
    prepare_entry_again,
    get_prepared,  # after its path's other method: Litestar awaits a ``Response`` only of what it registered once
    prepare_correction_again,
    get_content_to_sign,
    list_signatures,
    check,
    sign,
    approve,
    approve_chosen,
    return_prepared,
    return_unsigned,
    withdraw,
    reinstate,
    get_approval,
    list_journals,
    require_approval,
    change_route,
    release_journal,
    list_exceptions,
    allow_exception,
    end_exception,
]
