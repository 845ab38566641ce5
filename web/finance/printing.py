"""Documents on paper: an entry, a prepared one, or several that were chosen, as accounting notes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

import segno
from litestar import Response, get

from api.security import Visitor
from erp.base import clock
from erp.base.dates import day_string
from erp.base.errors import RuleViolated
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.finance.approvals import service as approvals
from erp.finance.approvals.model import Approval, Link, PreparedView, Step
from erp.finance.approvals.rules import subject
from erp.finance.journal import service as journal
from erp.finance.journal.model import EntryView, PostingView, Side
from erp.reference.access.model import ROLE_NAMES, Permission, Role
from erp.reference.organisations.model import Organisation
from erp.reference.signatures import service as signatures
from erp.reference.signatures.model import Signature
from web.finance.approvals import DUE, STATES
from web.finance.fields import all_verified
from web.finance.journal import asked_filter
from web.finance.reports import UNVERIFIED
from web.i18n import NO_BREAK, Speech, measure, moment, money, speech
from web.pages import Ask, Id, organisation_at, query_of, visit_of
from web.print.press import typeset
from web.print.texts import THIN, said
from web.print.words import sum_in_words
from web.signing import check_url
from web.tables.pdf import MEDIA_TYPE
from web.timeline import STEPS

_READ = {"policy": Permission.JOURNAL_READ}
MOST = 200
"""Documents of one file."""

_SIGNED_AS = {
    Step.CHECK: N_("Checked by"),
    Step.FIRST_SIGNATURE: STEPS[Step.FIRST_SIGNATURE],
    Step.SECOND_SIGNATURE: STEPS[Step.SECOND_SIGNATURE],
}
_OF_PURPOSE = {step.purpose: name for step, name in _SIGNED_AS.items()}


class NothingToPrint(RuleViolated):
    code = "nothing-to-print"
    template = "No entry is chosen. Tick some in the journal, or narrow it to those you need."


class TooManyToPrint(RuleViolated):
    code = "too-many-to-print"
    template = "At most {limit} documents are printed at once. Tick fewer, or narrow the journal."


@dataclass(frozen=True)
class Paper:
    """An entry or a prepared one, with what stands on its paper beside it."""

    of: EntryView | PreparedView
    signatures: Sequence[Signature]
    chain: Sequence[Link] = ()
    """The steps of its route."""
    author: str = ""
    approval: Approval | None = None
    cancelled: EntryView | None = None
    """Of a prepared correction: the entry it cancels."""


# ------------------------------------------------------------------------------------------------ pages


@get("/o/{organisation_id:int}/journal/{entry_id:int}/print", opt=_READ, sync_to_thread=True)
def print_entry(request: Ask, visit: Visitor, organisation_id: Id, entry_id: Id) -> Response[bytes]:
    """An entry as an accounting note."""
    organisation, papers = visit.read(
        lambda uow: (organisation_at(uow), _of_entries(uow, organisation_id, [entry_id])),
    )
    return _printed(request, organisation, papers, f"entry-{organisation.code}-{entry_id}")


@get("/o/{organisation_id:int}/approvals/{prepared_id:int}/print", opt=_READ, sync_to_thread=True)
def print_prepared(request: Ask, visit: Visitor, organisation_id: Id, prepared_id: Id) -> Response[bytes]:
    """A prepared entry as an accounting note that says it is not posted."""
    organisation, paper = visit.read(
        lambda uow: (organisation_at(uow), _of_prepared(uow, organisation_id, prepared_id)),
    )
    return _printed(request, organisation, [paper], f"prepared-{organisation.code}-{prepared_id}")


@get("/o/{organisation_id:int}/journal/print", opt=_READ, sync_to_thread=True)
def print_chosen(request: Ask, visit: Visitor, organisation_id: Id) -> Response[bytes]:
    """The entries that are ticked, or else all that the journal list is narrowed to, in one file with its contents."""
    query = query_of(request)

    def read(uow: UnitOfWork) -> tuple[Organisation, list[Paper]]:
        chosen = _ticked(query) or _listed(uow, organisation_id, query)
        if not chosen:
            raise NothingToPrint()
        if len(chosen) > MOST:
            raise TooManyToPrint(limit=MOST)
        return organisation_at(uow), _of_entries(uow, organisation_id, chosen)

    organisation, papers = visit.read(read)
    return _printed(request, organisation, papers, f"entries-{organisation.code}")


def _ticked(query: Mapping[str, str]) -> list[int]:
    """Ids of fields named ``pick.17``."""
    picked = (name.removeprefix("pick.") for name in query if name.startswith("pick."))
    return [int(id_) for id_ in picked if id_.isascii() and id_.isdecimal() and len(id_) < 18]


def _listed(uow: UnitOfWork, organisation_id: int, query: Mapping[str, str]) -> list[int]:
    """Of the journal list, from its first row on; one more than may be printed where there are more."""
    _, narrowed = asked_filter(uow, organisation_id, query)
    return [row.id for row in journal.entries(uow, organisation_id, narrowed, limit=MOST + 1).rows]


def _of_entries(uow: UnitOfWork, organisation_id: int, ids: Sequence[int]) -> list[Paper]:
    """Raises: EntryUnknown."""
    entries = journal.entries_whole(uow, organisation_id, ids)
    approved = approvals.approvals_of(uow, organisation_id, ids)
    prepared = {entry_id: subject(organisation_id, each.prepared_id) for entry_id, each in approved.items()}
    subjects = [*(entry.subject for entry in entries), *prepared.values()]
    signed = signatures.signatures_by_subject(uow, organisation_id, subjects)

    def paper(entry: EntryView) -> Paper:
        approval, taken = approved.get(entry.id), signed[entry.subject]
        if approval is None:
            return Paper(entry, taken, author=entry.actor)
        kept = _of_last_revision((*taken, *signed[prepared[entry.id]]), approval.prepared_at)
        return Paper(entry, kept, approval.chain, approval.prepared_by, approval=approval)

    return [paper(entry) for entry in entries]


def _of_prepared(uow: UnitOfWork, organisation_id: int, prepared_id: int) -> Paper:
    prepared = approvals.prepared_entry(uow, organisation_id, prepared_id)
    cancelled = journal.entry(uow, organisation_id, prepared.corrects) if prepared.corrects else None
    taken = signatures.signatures_of(uow, organisation_id, subject(organisation_id, prepared_id))
    kept = _of_last_revision(taken, prepared.prepared.at)
    return Paper(prepared, kept, prepared.chain, prepared.prepared.actor, cancelled=cancelled)


def _of_last_revision(taken: Sequence[Signature], prepared_at: datetime) -> list[Signature]:
    """Who signed a document that was mended since did not sign this one."""
    return [signature for signature in taken if signature.signed_at >= prepared_at]


def _printed(request: Ask, organisation: Organisation, papers: Sequence[Paper], name: str) -> Response[bytes]:
    """The file, for the browser to show and to print."""
    printed_at = clock.now()
    content = typeset("entries.typ", _Words(request, organisation).data(papers, printed_at), printed_at)
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'inline; filename="{name}.pdf"'}
    return Response(content, media_type=MEDIA_TYPE, headers=headers)


# ------------------------------------------------------------------------------------------------ what stands on it


class _Words:
    """Papers of an organisation as their sheet takes them, in the reader's language."""

    def __init__(self, request: Ask, organisation: Organisation) -> None:
        visit = visit_of(request)
        self._say: Speech = speech(visit.language)
        self._language = visit.language
        self._reader = visit.identity.user.name if visit.identity else ""
        self._organisation = organisation
        self._request = request

    def data(self, papers: Sequence[Paper], printed_at: datetime) -> dict[str, Any]:
        say = self._say
        documents = [self._document(paper) for paper in papers]
        title = self._title(papers[0]) if len(papers) == 1 else say("Accounting documents")
        mark = documents[0]["mark"] if len(papers) == 1 else ""
        made = say("Printed: {moment}, {name}", moment=moment(printed_at), name=self._reader)
        contents = [say("Document"), say("Date"), say("Text"), say("Amount, ₸"), say("Page")]
        total = sum(paper.of.amount_tiyn for paper in papers)
        return {
            **self._head(title, mark),
            "language": self._language.value,
            "size": 8.5,
            "landscape": False,
            "foot": said(" · ".join(part for part in (title, mark, made) if part)),
            "facts": [
                (say("BIN"), self._organisation.code),
                (say("Documents"), str(len(papers))),
                (say("Amount, ₸"), _money(total)),
            ],
            "contents": contents if len(papers) > 1 else None,
            "documents": documents,
        }

    def _head(self, title: str, mark: str) -> dict[str, Any]:
        return {
            "title": said(title),
            "mark": mark,
            "organisation": said(self._organisation.name(self._language)),
            "form": [],
        }

    def _document(self, paper: Paper) -> dict[str, Any]:
        say, of, language = self._say, paper.of, self._language.value
        sides = [side for posting in of.postings for side in (posting.debit, posting.credit) if side]
        verified = all(side.account.verified and all_verified(side.dimensions) for side in sides)
        columns = [say("Debit"), say("Credit"), say("Amount, ₸"), say("Text of the line")]
        tells = any(posting.memo for posting in of.postings)
        electronic = {each.purpose for each in paper.signatures}
        return self._head(self._title(paper), self._mark(of)) | {
            "row": [
                said(f"{of.journal.code} {_number(of)}"),
                day_string(of.effective_on),
                said(of.memo),
                _money(of.amount_tiyn),
            ],
            "facts": [(name, said(value)) for name, value in self._facts(paper)],
            "titles": ["№", *columns[: 4 if tells else 3]],
            "tells": tells,
            "postings": [self._posting(posting) for posting in of.postings],
            "total": [say("Total"), _money(of.amount_tiyn)] if len(of.postings) > 1 else None,
            "words": [say("Sum in words:"), sum_in_words(of.amount_tiyn, self._language)],
            "notes": [] if verified else [f"? {say(UNVERIFIED)}"],
            "signatures": [self._signature(each) for each in paper.signatures],
            "signers": [(say(role), said(name)) for role, name in _by_hand(paper, electronic)],
            "language": language,
        }

    def _title(self, paper: Paper) -> str:
        say = self._say
        name = say("Accounting note")
        return f"{name} {_number(paper.of)}"

    def _mark(self, of: EntryView | PreparedView) -> str:
        """What must not be overlooked."""
        if isinstance(of, EntryView):
            marks = [N_("storno")] if of.kind == "storno" else []
        else:
            marks = [N_("storno")] if of.correction == "storno" else []
            marks += [N_("not posted yet")] if of.entry_id is None else []
        return " · ".join(self._say(mark) for mark in marks)

    def _facts(self, paper: Paper) -> Iterator[tuple[str, str]]:
        say, of = self._say, paper.of
        yield say("BIN"), self._organisation.code
        yield say("Journal"), f"{of.journal.code} · {of.journal.name(self._language.value)}"
        yield say("Date"), day_string(of.effective_on)
        if of.document_number or of.document_on:
            yield say("Document"), self._source(of)
        yield say("Text"), of.memo
        if isinstance(of, EntryView):
            if of.cancels:
                cancelled = f"{of.journal.code} № {of.cancels.number}"
                yield say("Cancels the entry"), f"{cancelled}. {say('Reason: {reason}', reason=of.cancels.reason)}"
            if of.cancelled_by:
                by = f"{of.journal.code} № {of.cancelled_by.number}"
                yield say("Cancelled by the entry"), by
            yield say("Recorded"), f"{moment(of.recorded_at)}, {of.actor or say('The program')}"
        else:
            if paper.cancelled:
                cancelled = f"{paper.cancelled.journal.code} № {paper.cancelled.number}"
                yield say("Cancels the entry"), f"{cancelled}. {say('Reason: {reason}', reason=of.reason)}"
            yield say("State"), say(DUE[of.next_step] if of.next_step else STATES[of.state])
        exception = paper.approval.exception if paper.approval else getattr(of, "exception", None)
        if exception:
            yield "", say("Prepared and approved by one person, under an exception")

    def _source(self, of: EntryView | PreparedView) -> str:
        say = self._say
        if not of.document_on:
            return f"№ {of.document_number}"
        if not of.document_number:
            return say("of {date}", date=day_string(of.document_on))
        return say("№ {number} of {date}", number=of.document_number, date=day_string(of.document_on))

    def _posting(self, posting: PostingView) -> dict[str, Any]:
        return {
            "no": str(posting.no),
            "debit": self._side(posting.debit),
            "credit": self._side(posting.credit),
            "amount": _money(posting.amount_tiyn),
            "memo": said(posting.memo or ""),
        }

    def _side(self, side: Side | None) -> dict[str, Any] | None:
        if side is None:
            return None
        say, language = self._say, self._language.value
        details = []
        for value in side.dimensions:
            label = value.label(language)
            told = f"{value.code} {label}" if label != value.code else value.code
            details.append((say.dimension(value.dimension), said(told)))
        for name, measured in ((say("Quantity"), side.quantity), (say("Amount in the currency"), side.currency)):
            if measured:
                details.append((name, f"{measure(measured)} {measured.unit}".strip()))
        mark = "" if side.account.verified else " ?"
        return {"account": side.account.code, "name": said(side.account.name(language) + mark), "details": details}

    def _signature(self, signature: Signature) -> dict[str, Any]:
        say = self._say
        roles = ", ".join(say(ROLE_NAMES[Role(role)]) for role in signature.roles)
        certificate = signature.certificate
        facts = [roles] if roles else []
        if signature.on_behalf_of:
            facts.append(say("on behalf of {name}", name=signature.on_behalf_of))
        if certificate is None:
            facts.append(say("Consent recorded {moment}", moment=moment(signature.signed_at)))
        else:
            facts += [
                say("Signed electronically {moment}", moment=moment(signature.signed_at)),
                say("Certificate {serial}, {name}", serial=certificate.serial, name=certificate.name),
                say("issued by {issuer}, valid until {moment}", issuer=certificate.issuer,
                    moment=moment(certificate.valid_until)),
            ]  # fmt: skip
        address = check_url(self._request, signature.check_code)
        facts.append(say("To check: {address}", address=address))
        return {
            "purpose": say(_OF_PURPOSE.get(signature.purpose, signature.purpose)),
            "name": said(signature.signer),
            "facts": [said(fact) for fact in facts],
            "code": _qr(address),
        }


def _number(of: EntryView | PreparedView) -> str:
    """Of the entry; a prepared one has none before it is posted."""
    number = of.number if isinstance(of, EntryView) else of.entry_number
    return f"№ {number}" if number is not None else "№ ______"


def _by_hand(paper: Paper, electronic: set[str]) -> Iterator[tuple[str, str]]:
    """Who signs in ink: whoever made it out, and each of its steps that is not signed electronically."""
    yield N_("Executed by"), paper.author
    if not paper.chain:
        yield N_("Checked by"), ""
        yield N_("Chief accountant"), ""
    for link in paper.chain:
        if link.step.purpose not in electronic:
            yield _SIGNED_AS[link.step], link.act.actor if link.act else ""


def _money(tiyn: int) -> str:
    return money(tiyn).replace(NO_BREAK, THIN)


def _qr(address: str) -> str:
    drawn = BytesIO()
    segno.make(address, error="m", micro=False).save(drawn, kind="svg", border=0, xmldecl=False, svgns=True)
    return drawn.getvalue().decode()


routes = [print_entry, print_prepared, print_chosen]
