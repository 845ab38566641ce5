import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from erp.base.db import one
from erp.base.scope import Scope
from erp.reference.notifications.model import Contact, Notification, NotificationKind


def insert_notifications(
    connection: Connection,
    scope: Scope,
    user_ids: Sequence[int],
    kind: NotificationKind,
    subject: str,
    facts: Mapping[str, Any],
) -> None:
    """The database writes the letter, where a person wants one."""
    connection.execute(
        text("""
            INSERT INTO base_notification (user_id, kind, subject, facts, actor_id)
            SELECT unnest(CAST(:users AS int[])), :kind, :subject, :facts, :actor
        """).bindparams(bindparam("facts", type_=JSONB)),
        {
            "users": list(user_ids),
            "kind": kind.value,
            "subject": subject,
            "facts": dict(facts),
            "actor": scope.actor.id,
        },
    )


def insert_each(
    connection: Connection, scope: Scope, told: Sequence[tuple[int, NotificationKind, str, Mapping[str, Any]]]
) -> None:
    """As ``insert_notifications``, each person of their own: person, kind, subject, facts."""
    connection.execute(
        text("""
            INSERT INTO base_notification (user_id, kind, subject, facts, actor_id)
            SELECT n.user_id, n.kind, n.subject, CAST(n.facts AS jsonb), :actor
              FROM unnest(CAST(:users AS int[]), CAST(:kinds AS text[]), CAST(:subjects AS text[]),
                          CAST(:facts AS text[])) AS n(user_id, kind, subject, facts)
        """),
        {
            "users": [user for user, _, _, _ in told],
            "kinds": [kind.value for _, kind, _, _ in told],
            "subjects": [subject for _, _, subject, _ in told],
            "facts": [json.dumps(dict(facts), ensure_ascii=False) for _, _, _, facts in told],
            "actor": scope.actor.id,
        },
    )


def unread(connection: Connection, scope: Scope, most: int) -> int:
    """How many the actor has not read, counted up to ``most``."""
    found: int = connection.execute(
        text("""
            SELECT count(*) FROM (SELECT FROM base_notification WHERE user_id = :user AND read_at IS NULL LIMIT :most) n
        """),
        {"user": scope.actor.id, "most": most},
    ).scalar_one()
    return found


_OWN = """
    SELECT n.id, n.kind, n.subject, n.facts, u.name AS actor, n.at, n.read_at
      FROM base_notification n LEFT JOIN reference_user u ON u.id = n.actor_id
     WHERE n.user_id = :user
"""


def own(
    connection: Connection, scope: Scope, below: int | None, limit: int, within: Collection[int] | None
) -> list[Notification]:
    """The actor's, the newest first; those with an id under ``below``, and about what is ``within`` organisations."""
    rows = connection.execute(
        text(f"""
            {_OWN} AND (CAST(:below AS bigint) IS NULL OR n.id < :below)
               AND (CAST(:within AS int[]) IS NULL
                    OR CAST(substring(n.subject FROM '^[a-z]+:([0-9]+)/') AS int) = ANY(:within))
             ORDER BY n.id DESC LIMIT :limit
        """),
        {
            "user": scope.actor.id,
            "below": below,
            "limit": limit,
            "within": None if within is None else sorted(within),
        },
    )
    return [_notification(row._asdict()) for row in rows]


def own_by_id(connection: Connection, scope: Scope, notification_id: int) -> Notification | None:
    row = connection.execute(
        text(f"{_OWN} AND n.id = :id"), {"user": scope.actor.id, "id": notification_id}
    ).one_or_none()
    return _notification(row._asdict()) if row else None


def _notification(row: dict[str, Any]) -> Notification:
    return Notification(**{**row, "kind": NotificationKind(row["kind"])})


def mark_read(connection: Connection, scope: Scope, notification_id: int | None, subject: str | None) -> None:
    """The actor's own: one of them, those about a subject, or all where neither is named."""
    connection.execute(
        text("""
            UPDATE base_notification SET read_at = clock_timestamp()
             WHERE user_id = :user AND read_at IS NULL
               AND (CAST(:id AS bigint) IS NULL OR id = :id) AND (CAST(:subject AS text) IS NULL OR subject = :subject)
        """),
        {"user": scope.actor.id, "id": notification_id, "subject": subject},
    )


def contact(connection: Connection, scope: Scope) -> Contact:
    """The actor's own."""
    row = connection.execute(
        text("SELECT address, by_mail FROM base_contact WHERE user_id = :user"), {"user": scope.actor.id}
    ).one_or_none()
    return one(Contact, row) if row else Contact()


def put_contact(connection: Connection, scope: Scope, settings: Contact) -> None:
    connection.execute(
        text("""
            INSERT INTO base_contact (user_id, address, by_mail) VALUES (:user, :address, :by_mail)
            ON CONFLICT (user_id) DO UPDATE SET address = excluded.address, by_mail = excluded.by_mail
        """),
        {"user": scope.actor.id, "address": settings.address, "by_mail": settings.by_mail},
    )
