from sqlalchemy import Connection, text

from erp.base.db import many, one
from erp.base.scope import Scope
from erp.reference.mail.model import DeadLetter, Letter, Outbox


def claim_letter(
    connection: Connection, scope: Scope, mail_id: int, first_pause: float, longest_pause: float
) -> Letter | None:
    """A letter that is due, with this attempt counted, and due again after a pause (seconds) that doubles each time.

    ``None`` where another sends it or there is no need.
    """
    row = connection.execute(
        text("""
            WITH claimed AS (
                UPDATE base_mail SET attempts = attempts + 1, next_at = clock_timestamp()
                       + make_interval(secs => least(:first_pause * 2.0 ^ attempts, :longest_pause))
                 WHERE id = :id AND state = 'waiting' AND next_at <= clock_timestamp()
             RETURNING id, message_id, attempts, notification_id, user_id
            )
            SELECT m.id, m.message_id, m.attempts, c.address, u.name, u.language, n.kind, n.subject, n.facts,
                   a.name AS actor, n.at
              FROM claimed m
              JOIN base_notification n ON n.id = m.notification_id
              JOIN reference_user u ON u.id = m.user_id
              LEFT JOIN base_contact c ON c.user_id = m.user_id AND u.in_force @> reference_today()
              LEFT JOIN reference_user a ON a.id = n.actor_id
        """),
        {"id": mail_id, "first_pause": first_pause, "longest_pause": longest_pause},
    ).one_or_none()
    return one(Letter, row) if row else None


def mark_sent(connection: Connection, scope: Scope, mail_id: int) -> None:
    connection.execute(
        text("""
            UPDATE base_mail SET state = 'sent', error = '', sent_at = clock_timestamp() WHERE id = :id
        """),
        {"id": mail_id},
    )


def mark_failed(connection: Connection, scope: Scope, mail_id: int, error: str, *, for_good: bool) -> None:
    connection.execute(
        text("""
            UPDATE base_mail SET error = :error, state = CASE WHEN :for_good THEN 'dead' ELSE state END
             WHERE id = :id AND state <> 'sent'
        """),
        {"id": mail_id, "error": error, "for_good": for_good},
    )


def outbox(connection: Connection, scope: Scope) -> Outbox:
    """How many letters wait, since when, and how many were given up."""
    row = connection.execute(
        text("""
            SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'dead') AS dead,
                   min(written_at) FILTER (WHERE state = 'waiting') AS waiting_since,
                   coalesce(max(error) FILTER (WHERE state = 'waiting'), '') AS error
              FROM base_mail WHERE state <> 'sent'
        """)
    ).one()
    return one(Outbox, row)


def dead_letters(connection: Connection, scope: Scope, limit: int) -> list[DeadLetter]:
    """Those given up, the newest first; without what they say."""
    rows = connection.execute(
        text("""
            SELECT m.id, u.name, m.written_at, m.attempts, m.error
              FROM base_mail m JOIN reference_user u ON u.id = m.user_id
             WHERE m.state = 'dead' ORDER BY m.id DESC LIMIT :limit
        """),
        {"limit": limit},
    )
    return many(DeadLetter, rows)


def revive(connection: Connection, scope: Scope, mail_id: int) -> bool:
    """Have a letter that was given up tried anew; whether there was one."""
    revived = connection.execute(
        text("""
            UPDATE base_mail SET state = 'waiting', attempts = 0, error = '', next_at = clock_timestamp()
             WHERE id = :id AND state = 'dead' RETURNING id
        """),
        {"id": mail_id},
    )
    return revived.one_or_none() is not None
