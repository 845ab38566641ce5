"""Files at a subject, which whoever asks has found to be there: an entry, a job."""

from erp.base import audit
from erp.base.errors import Conflict, NotFound
from erp.base.uow import UnitOfWork
from erp.reference.attachments import queries
from erp.reference.attachments.model import Attachment, Checked

_FOR_GOOD = "job:"  # a job's files are what it was asked with and what it brought


class AttachmentUnknown(NotFound):
    code = "attachment-unknown"
    template = "There is no such file here, or it has been removed."


class AttachmentStays(Conflict):
    code = "attachment-stays"
    template = "The file {name} belongs to a job and stays with it."


def attach(uow: UnitOfWork, organisation_id: int, subject: str, file: Checked) -> Attachment:
    """Keep a checked file at the subject; a content that is there already stays as it is, under its first name."""
    digest = queries.keep_blob(uow.connection, uow.scope, file.content)
    attachment_id = queries.insert_attachment(uow.connection, uow.scope, organisation_id, subject, file, digest)
    if attachment_id is not None:
        audit.record(
            uow.connection,
            uow.scope,
            "file-attached",
            subject,
            organisation_id=organisation_id,
            attachment=attachment_id,
            name=file.name,
            sha256=digest.hex(),
        )
    return attachment_with(uow, organisation_id, subject, digest)


def attachments_of(uow: UnitOfWork, organisation_id: int, subject: str) -> list[Attachment]:
    return queries.attachments_of(uow.connection, uow.scope, organisation_id, subject)


def attachment(uow: UnitOfWork, organisation_id: int, attachment_id: int) -> Attachment:
    """Raises: AttachmentUnknown, also where it is removed."""
    found = queries.attachment(uow.connection, uow.scope, organisation_id, attachment_id)
    if found is None or found.removed_at is not None:
        raise AttachmentUnknown()
    return found


def attachment_with(uow: UnitOfWork, organisation_id: int, subject: str, sha256: bytes) -> Attachment:
    """The one of a subject that has a content.  Raises: AttachmentUnknown."""
    found = queries.attachment_with_content(uow.connection, uow.scope, organisation_id, subject, sha256)
    if found is None:
        raise AttachmentUnknown()
    return found


def content_of(uow: UnitOfWork, found: Attachment) -> bytes:
    """Raises: AttachmentUnknown."""
    content = queries.content(uow.connection, uow.scope, found.sha256)
    if content is None:
        raise AttachmentUnknown()
    return content


def remove(uow: UnitOfWork, organisation_id: int, attachment_id: int, why: str) -> Attachment:
    """Hide a file from its subject; it stays on record with who did it and why.

    Raises: AttachmentUnknown, AttachmentStays.
    """
    found = attachment(uow, organisation_id, attachment_id)
    if found.subject.startswith(_FOR_GOOD):
        raise AttachmentStays(name=found.name)
    if not queries.hide(uow.connection, uow.scope, organisation_id, attachment_id, why):
        raise AttachmentUnknown()
    audit.record(
        uow.connection,
        uow.scope,
        "file-removed",
        found.subject,
        organisation_id=organisation_id,
        attachment=attachment_id,
        name=found.name,
        sha256=found.sha256.hex(),
        reason=why,
    )
    return found
