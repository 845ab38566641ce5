"""The papers of a document: its files, and what colleagues say about it."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import uuid4

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from api.finance.papers import entry_name, file_response
from api.problems import status_of
from api.security import Visitor
from erp.base.errors import Conflict, RuleViolated
from erp.base.uow import UnitOfWork
from erp.finance.journal import service as journal
from erp.finance.journal.model import EntryView
from erp.reference.access.model import Permission
from erp.reference.attachments import rules
from erp.reference.attachments import service as attachments
from erp.reference.attachments.model import Attachment, Checked
from erp.reference.comments import service as comments
from erp.reference.comments.model import Comment
from ledger.errors import LedgerError
from web.faults import Refusal, fault_sheet
from web.forms import ReasonForm, key_typed
from web.jobs import below
from web.pages import Ask, Id, organisation_at, render, visit_of
from web.places import page_of
from web.session import Choice, Sent, choice_in, remember

Uploaded = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]

_READ = {"policy": Permission.JOURNAL_READ}
_POST = {"policy": Permission.JOURNAL_POST}
_SAY = {"policy": Permission.JOURNAL_COMMENT}

_COMMENTS = 50
TAKEN = ",".join(f".{ending}" for ending in rules.TYPES)


@dataclass(frozen=True)
class Papers:
    """What hangs on a subject, and the key that the next comment is sent under."""

    files: list[Attachment]
    comments: list[Comment]
    older: int | None
    """What the comments before these are older than; ``None`` where there are none."""
    key: str
    taken: str
    """Endings of the names that may be attached, as a form says them."""

    @classmethod
    def of(cls, uow: UnitOfWork, subject: str, asked: str = "") -> "Papers":
        """Of a subject of the organisation whose page it is; comments from where ``asked``, in the order written.

        Raises: CursorMalformed.
        """
        organisation_id = organisation_at(uow).id
        found = comments.comments_of(uow, organisation_id, subject, below=below(asked), limit=_COMMENTS + 1)
        shown = found[:_COMMENTS]
        return cls(
            attachments.attachments_of(uow, organisation_id, subject),
            shown[::-1],
            shown[-1].id if len(found) > _COMMENTS else None,
            str(uuid4()),
            TAKEN,
        )

    @classmethod
    def blank(cls, key: str | None = None) -> "Papers":
        """For a form by itself, under the key it was sent with."""
        return cls([], [], None, key or str(uuid4()), TAKEN)


@post("/o/{organisation_id:int}/journal/{entry_id:int}/files", opt=_POST, sync_to_thread=True)
def attach(request: Ask, visit: Visitor, organisation_id: Id, entry_id: Id, data: Uploaded) -> Response[Any]:
    """Attach a file to an entry."""
    try:
        file = checked(request, data.get("file"))
        visit.run(lambda uow: _attach(uow, organisation_id, entry_id, file))
    except (RuleViolated, Conflict) as refusal:
        return _form(request, organisation_id, entry_id, "papers/attach.html", refusal)
    return _to_entry(organisation_id, entry_id, "files")


def checked(request: Ask, sent: object) -> Checked:
    """The file that a form brought.  Raises: FileMissing, and what ``rules.check`` does."""
    if not isinstance(sent, UploadFile) or not sent.filename:
        raise rules.FileMissing()
    return rules.check(sent.filename, sent.file.read(), limit=request.app.state.largest_file)


def _attach(uow: UnitOfWork, organisation_id: int, entry_id: int, file: Checked) -> None:
    entry = journal.entry(uow, organisation_id, entry_id)
    attachments.attach(uow, organisation_id, entry.subject, file)


@get("/o/{organisation_id:int}/files/{file_id:int}", opt=_READ, sync_to_thread=True)
def download(visit: Visitor, organisation_id: Id, file_id: Id) -> Response[bytes]:
    """The content, for the disk and never for the page."""

    def read(uow: UnitOfWork) -> tuple[Attachment, bytes]:
        found = attachments.attachment(uow, organisation_id, file_id)
        return found, attachments.content_of(uow, found)

    found, content = visit.read(read)
    return file_response(found, content)


@get("/o/{organisation_id:int}/files/{file_id:int}/remove", opt=_POST, sync_to_thread=True)
def remove_page(request: Ask, visit: Visitor, organisation_id: Id, file_id: Id) -> Response[str]:
    return _removal(request, organisation_id, file_id, ReasonForm.new())


@post("/o/{organisation_id:int}/files/{file_id:int}/remove", opt=_POST, sync_to_thread=True)
def remove(request: Ask, visit: Visitor, organisation_id: Id, file_id: Id, data: Sent) -> Response[Any]:
    form = ReasonForm.of(data)
    if choice := choice_in(data):
        remember(visit, choice)
        return _removal(request, organisation_id, file_id, form, choice=choice)
    try:
        reason = form.content().reason
        found = visit.run(lambda uow: attachments.remove(uow, organisation_id, file_id, reason))
    except (RuleViolated, Conflict) as refusal:
        return _removal(request, organisation_id, file_id, form, refusal=refusal)
    return Redirect(page_of(found.subject) or f"/o/{organisation_id}/", status_code=303)


@post("/o/{organisation_id:int}/journal/{entry_id:int}/comments", opt=_SAY, sync_to_thread=True)
def comment(request: Ask, visit: Visitor, organisation_id: Id, entry_id: Id, data: Sent) -> Response[Any]:
    """Add a comment to an entry."""
    said, key = data.get("said", ""), data.get("key", "")

    def say(uow: UnitOfWork) -> None:
        entry = journal.entry(uow, organisation_id, entry_id)
        comments.say(uow, organisation_id, entry.subject, entry_name(entry), said, key_typed(key))

    try:
        visit.run(say)
    except (RuleViolated, Conflict, LedgerError) as refusal:
        return _form(request, organisation_id, entry_id, "papers/comment.html", refusal, said=said, key=key)
    return _to_entry(organisation_id, entry_id, "comments")


def _form(
    request: Ask, organisation_id: int, entry_id: int, template: str, refusal: Refusal, **typed: str
) -> Response[str]:
    """The form by itself, with what was refused and what was typed."""
    visit = visit_of(request)

    def read(uow: UnitOfWork) -> tuple[Any, EntryView]:
        return organisation_at(uow), journal.entry(uow, organisation_id, entry_id)

    organisation, entry = visit.read(read)
    return render(
        request,
        template,
        organisation=organisation,
        status=status_of(refusal),
        section="journal",
        here=f"/o/{organisation_id}/journal/{entry_id}",
        entry_url=f"/o/{organisation_id}/journal/{entry_id}",
        name=entry_name(entry),
        summary=fault_sheet(refusal, visit.language).summary,
        papers=Papers.blank(typed.get("key")),
        said=typed.get("said", ""),
    )


def _removal(
    request: Ask,
    organisation_id: int,
    file_id: int,
    form: ReasonForm,
    *,
    refusal: Refusal | None = None,
    choice: Choice | None = None,
) -> Response[str]:
    visit, chosen = visit_of(request), choice or Choice()
    sheet = fault_sheet(refusal, chosen.language or visit.language)
    organisation, found = visit.read(
        lambda uow: (organisation_at(uow), attachments.attachment(uow, organisation_id, file_id))
    )
    return render(
        request,
        "papers/remove.html",
        organisation=organisation,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="journal",
        form_id="removal",
        form_default="post",
        form=form,
        file=found,
        back=page_of(found.subject) or f"/o/{organisation_id}/",
        faults=sheet.by_field,
        summary=sheet.summary,
    )


def _to_entry(organisation_id: int, entry_id: int, place: str) -> Redirect:
    return Redirect(f"/o/{organisation_id}/journal/{entry_id}#{place}", status_code=303)


routes = [attach, download, remove_page, remove, comment]
