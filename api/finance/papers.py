"""Files and comments of an entry, and the import of a journal from a file, under ``/api/v1``."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.openapi.spec import (
    Example,
    OpenAPIFormat,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    RequestBody,
    Schema,
)
from litestar.params import Body, FromPath, HeaderParameter, QueryParameter, RawBody
from pydantic import BaseModel, ConfigDict, Field

from api.conventions import BOOKS, Cursor, Limit, Organisation, Page, View
from api.reference.jobs import JobView, below, view_of
from api.security import Visitor
from erp.base.uow import UnitOfWork
from erp.finance.journal import service as journal
from erp.finance.journal.imports import job as journal_import
from erp.finance.journal.model import EntryView
from erp.reference.access.model import Permission
from erp.reference.attachments import rules, service
from erp.reference.attachments.model import Attachment, Checked
from erp.reference.comments import service as comments
from erp.reference.comments.model import Comment
from erp.reference.jobs import service as jobs

_READ = {"policy": Permission.JOURNAL_READ}
_POST = {"policy": Permission.JOURNAL_POST}
_SAY = {"policy": Permission.JOURNAL_COMMENT}
_IMPORT = {"policy": Permission.JOURNAL_IMPORT}

FILE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
}
"""A file is for the disk and never for the page."""


@dataclass
class FileSent(Operation):
    """The body is a file as it is."""

    def __post_init__(self) -> None:
        content = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY))
        self.request_body = RequestBody(content={"application/octet-stream": content}, required=True)


@dataclass
class FileGiven(Operation):
    """The answer is a file as it is, of its own media type."""

    def __post_init__(self) -> None:
        content = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY))
        self.responses = {"200": OpenAPIResponse(description="The file.", content={"*/*": content})}


def name_sent(request: Request[Any, Any, Any], name: str, body: bytes) -> str:
    """The name of the file that is a request's body, cleaned.  Raises: FileEmpty, FileTooLarge."""
    name, limit = rules.clean_name(name), request.app.state.largest_file
    if not body:
        raise rules.FileEmpty(name=name)
    if len(body) > limit:
        raise rules.FileTooLarge(name=name, found=f"{len(body) / (1 << 20):.1f}", limit=limit >> 20)
    return name


FileName = Annotated[str, QueryParameter(description="The file's name; its ending says its type.", max_length=500)]
Key = Annotated[UUID, HeaderParameter(name="Idempotency-Key", description="The same key is the same job.")]
Rest = Annotated[bool, QueryParameter(description="Post what is right though some rows are refused.")]


class AttachmentView(View):
    id: int
    name: str = Field(examples=["Шот-фактура 15.pdf"])
    media_type: str = Field(description="As its content is.", examples=["application/pdf"])
    size: int = Field(description="Bytes.", examples=[48213])
    sha256: str = Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])
    added_by: str | None = Field(description="Null for the program.", examples=["Айгүл Серікова"])
    added_at: datetime

    @classmethod
    def of(cls, file: Attachment) -> "AttachmentView":
        return cls(
            id=file.id,
            name=file.name,
            media_type=file.media_type,
            size=file.size_bytes,
            sha256=file.sha256.hex(),
            added_by=file.adder,
            added_at=file.added_at,
        )


class CommentView(View):
    id: int
    said: str = Field(examples=["@office, the second line is of another contract."])
    author: str | None = Field(examples=["Айгүл Серікова"])
    login: str | None = Field(examples=["aigul"])
    at: datetime

    @classmethod
    def of(cls, c: Comment) -> "CommentView":
        return cls(id=c.id, said=c.said, author=c.author, login=c.author_login, at=c.at)


class RemoveFile(BaseModel):
    """Hide a file from its document."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=3, max_length=1000)


class WriteComment(BaseModel):
    """Say something about a document; it stays."""

    model_config = ConfigDict(extra="forbid")

    key: UUID
    said: str = Field(min_length=1, max_length=4000)


_REASON = Example(summary="Attached by mistake", value={"reason": "Файл от другого документа"})
_SAID = Example(
    summary="With a mention",
    value={"key": "3b2c7a52-1c0e-4b53-9a3e-0a2f5d1c9e21", "said": "@office, проверьте вторую строку."},
)
RemovalBody = Annotated[RemoveFile, Body(examples=[_REASON])]
CommentBody = Annotated[WriteComment, Body(examples=[_SAID])]


@get(f"{BOOKS}/entries/{{entry_id:int}}/attachments", opt=_READ, sync_to_thread=True)
def list_attachments(visit: Visitor, organisation_id: Organisation, entry_id: FromPath[int]) -> Page[AttachmentView]:
    """Files of an entry, in the order they came."""

    def read(u: UnitOfWork) -> list[Attachment]:
        return service.attachments_of(u, organisation_id, journal.entry(u, organisation_id, entry_id).subject)

    return Page(items=[AttachmentView.of(each) for each in visit.read(read)])


@post(f"{BOOKS}/entries/{{entry_id:int}}/attachments", opt=_POST, sync_to_thread=True, operation_class=FileSent)
def attach(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    entry_id: FromPath[int],
    name: FileName,
    body: RawBody,
) -> AttachmentView:
    """Attach a file: the body is its content, as it is. A content that is there already is attached once."""
    file = checked(request, name, body)

    def run(u: UnitOfWork) -> Attachment:
        return service.attach(u, organisation_id, journal.entry(u, organisation_id, entry_id).subject, file)

    return AttachmentView.of(visit.run(run))


@get(f"{BOOKS}/attachments/{{attachment_id:int}}", opt=_READ, sync_to_thread=True)
def get_attachment(visit: Visitor, organisation_id: Organisation, attachment_id: FromPath[int]) -> AttachmentView:
    """What is known of a file, without its content."""
    return AttachmentView.of(visit.read(lambda u: service.attachment(u, organisation_id, attachment_id)))


@get(
    f"{BOOKS}/attachments/{{attachment_id:int}}/content",
    opt=_READ,
    operation_class=FileGiven,
    sync_to_thread=True,
)
def download(visit: Visitor, organisation_id: Organisation, attachment_id: FromPath[int]) -> Response[bytes]:
    """The file itself."""

    def read(u: UnitOfWork) -> tuple[Attachment, bytes]:
        found = service.attachment(u, organisation_id, attachment_id)
        return found, service.content_of(u, found)

    return file_response(*visit.read(read))


@post(f"{BOOKS}/attachments/{{attachment_id:int}}/remove", opt=_POST, sync_to_thread=True, status_code=204)
def remove(visit: Visitor, organisation_id: Organisation, attachment_id: FromPath[int], data: RemovalBody) -> None:
    """Hide a file from its document; who did it and why stays on record, and so does the file."""
    visit.run(lambda u: service.remove(u, organisation_id, attachment_id, data.reason))


@get(f"{BOOKS}/entries/{{entry_id:int}}/comments", opt=_READ, sync_to_thread=True)
def list_comments(
    visit: Visitor, organisation_id: Organisation, entry_id: FromPath[int], cursor: Cursor = None, limit: Limit = 50
) -> Page[CommentView]:
    """The newest first."""

    def read(u: UnitOfWork) -> list[Comment]:
        subject = journal.entry(u, organisation_id, entry_id).subject
        return comments.comments_of(u, organisation_id, subject, below=below(cursor), limit=limit + 1)

    found = visit.read(read)
    return Page(
        items=[CommentView.of(each) for each in found[:limit]],
        next=str(found[limit - 1].id) if len(found) > limit else None,
    )


@post(f"{BOOKS}/entries/{{entry_id:int}}/comments", opt=_SAY, sync_to_thread=True)
def comment(visit: Visitor, organisation_id: Organisation, entry_id: FromPath[int], data: CommentBody) -> CommentView:
    """Say something about an entry; who is mentioned as `@login` is notified."""

    def run(u: UnitOfWork) -> Comment:
        entry = journal.entry(u, organisation_id, entry_id)
        return comments.say(u, organisation_id, entry.subject, entry_name(entry), data.said, data.key)

    return CommentView.of(visit.run(run))


@post(f"{BOOKS}/imports", opt=_IMPORT, sync_to_thread=True, status_code=202, operation_class=FileSent)
def import_journal(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    name: FileName,
    key: Key,
    body: RawBody,
    rest: Rest = False,
) -> JobView:
    """Import a journal from a file (CSV, xlsx, ods): the body is its content. Ask the job how it stands."""
    file = checked(request, name, body)
    job_id = visit.run(lambda u: jobs.ask(u, organisation_id, key, journal_import.NAME, file, rest=rest))
    return visit.read(lambda u: view_of(u, job_id))


def checked(request: Request[Any, Any, Any], name: str, content: bytes) -> Checked:
    """Raises: what ``rules.check`` does."""
    return rules.check(name, content, limit=request.app.state.largest_file)


def entry_name(entry: EntryView) -> str:
    """As people name it in notifications."""
    return f"{entry.journal.code} № {entry.number}"


def file_response(found: Attachment, content: bytes) -> Response[bytes]:
    plain = found.name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    name = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(found.name, safe='')}"
    return Response(content, media_type=found.media_type, headers={**FILE_HEADERS, "Content-Disposition": name})


routes = [
    list_attachments,
    attach,
    get_attachment,
    download,
    remove,
    list_comments,
    comment,
    import_journal,
]
