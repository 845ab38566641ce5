from sqlalchemy import Connection, text

from erp.base.db import many, one
from erp.base.scope import Scope
from erp.reference.attachments.model import Attachment, Checked

_ATTACHMENT = """
    SELECT a.id, a.organisation_id, a.subject, a.name, a.media_type, a.size_bytes, a.sha256, a.added_by,
           u.name AS adder, a.added_at, a.removed_at
      FROM base_attachment a LEFT JOIN reference_user u ON u.id = a.added_by
     WHERE a.organisation_id = :organisation
"""


def keep_blob(connection: Connection, scope: Scope, content: bytes) -> bytes:
    """The SHA-256 that the content is kept under, once, whoever had it before."""
    kept: bytes = connection.execute(text("SELECT base_keep_blob(:content)"), {"content": content}).scalar_one()
    return kept


def insert_attachment(
    connection: Connection, scope: Scope, organisation_id: int, subject: str, file: Checked, sha256: bytes
) -> int | None:
    """The id of a new attachment; ``None`` where the subject has the content already."""
    return connection.execute(
        text("""
            INSERT INTO base_attachment (organisation_id, subject, name, media_type, size_bytes, sha256, added_by)
            VALUES (:organisation, :subject, :name, :media_type, :size, :sha256, :actor)
            ON CONFLICT (organisation_id, subject, sha256) WHERE removed_at IS NULL DO NOTHING RETURNING id
        """),
        {
            "organisation": organisation_id,
            "subject": subject,
            "name": file.name,
            "media_type": file.media_type,
            "size": len(file.content),
            "sha256": sha256,
            "actor": scope.actor.id,
        },
    ).scalar_one_or_none()


def attachment(connection: Connection, scope: Scope, organisation_id: int, attachment_id: int) -> Attachment | None:
    row = connection.execute(
        text(f"{_ATTACHMENT} AND a.id = :id"), {"organisation": organisation_id, "id": attachment_id}
    ).one_or_none()
    return one(Attachment, row) if row else None


def attachment_with_content(
    connection: Connection, scope: Scope, organisation_id: int, subject: str, sha256: bytes
) -> Attachment | None:
    """The one of a subject that has the content and is not removed."""
    row = connection.execute(
        text(f"{_ATTACHMENT} AND a.subject = :subject AND a.sha256 = :sha256 AND a.removed_at IS NULL"),
        {"organisation": organisation_id, "subject": subject, "sha256": sha256},
    ).one_or_none()
    return one(Attachment, row) if row else None


def attachments_of(connection: Connection, scope: Scope, organisation_id: int, subject: str) -> list[Attachment]:
    """Those of a subject that are not removed, in the order they came."""
    rows = connection.execute(
        text(f"{_ATTACHMENT} AND a.subject = :subject AND a.removed_at IS NULL ORDER BY a.id"),
        {"organisation": organisation_id, "subject": subject},
    )
    return many(Attachment, rows)


def content(connection: Connection, scope: Scope, sha256: bytes) -> bytes | None:
    """Of a file that some attachment within the scope has."""
    return connection.execute(
        text("SELECT content FROM base_blob WHERE sha256 = :sha256"), {"sha256": sha256}
    ).scalar_one_or_none()


def hide(connection: Connection, scope: Scope, organisation_id: int, attachment_id: int, why: str) -> bool:
    """Remove an attachment that is there; whether it was."""
    hidden = connection.execute(
        text("""
            UPDATE base_attachment SET removed_by = :actor, removed_at = clock_timestamp(), removed_why = :why
             WHERE organisation_id = :organisation AND id = :id AND removed_at IS NULL RETURNING id
        """),
        {"organisation": organisation_id, "id": attachment_id, "actor": scope.actor.id, "why": why},
    )
    return hidden.one_or_none() is not None
