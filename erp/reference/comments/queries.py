from uuid import UUID

from sqlalchemy import Connection, text

from erp.base.cursors import BIGINT
from erp.base.db import many, one
from erp.base.scope import Scope
from erp.reference.comments.model import Comment

_COMMENT = """
    SELECT c.id, c.subject, c.said, u.name AS author, u.login AS author_login, c.at
      FROM base_comment c LEFT JOIN reference_user u ON u.id = c.author_id
     WHERE c.organisation_id = :organisation
"""


def insert_comment(
    connection: Connection, scope: Scope, organisation_id: int, subject: str, key: UUID, said: str
) -> bool:
    """Whether it is new: a key is one comment."""
    inserted = connection.execute(
        text("""
            INSERT INTO base_comment (organisation_id, subject, key, said, author_id)
            VALUES (:organisation, :subject, :key, :said, :actor)
            ON CONFLICT (organisation_id, key) DO NOTHING RETURNING id
        """),
        {"organisation": organisation_id, "subject": subject, "key": key, "said": said, "actor": scope.actor.id},
    )
    return inserted.one_or_none() is not None


def comment_by_key(connection: Connection, scope: Scope, organisation_id: int, key: UUID) -> Comment:
    row = connection.execute(text(f"{_COMMENT} AND c.key = :key"), {"organisation": organisation_id, "key": key}).one()
    return one(Comment, row)


def comments_of(
    connection: Connection, scope: Scope, organisation_id: int, subject: str, below: int | None, limit: int
) -> list[Comment]:
    """The newest first, older than ``below``."""
    rows = connection.execute(
        text(f"""
            {_COMMENT} AND c.subject = :subject AND c.id < coalesce(CAST(:below AS bigint), {BIGINT})
             ORDER BY c.id DESC LIMIT :limit
        """),
        {"organisation": organisation_id, "subject": subject, "below": below, "limit": limit},
    )
    return many(Comment, rows)
