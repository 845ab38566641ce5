"""One named function a statement.  Every function takes the scope; row-level security is the second witness."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from erp.base.dates import DateInterval
from erp.base.scope import Scope
from erp.finance.policy import rules
from erp.finance.policy.content import SCHEMA_VERSION, Content
from erp.finance.policy.model import Act, Adopted, Edition, Offer, State, Step

_EDITION = """
    SELECT p.organisation_id, p.id, p.key, p.state, p.version, p.since, p.schema_version, p.content,
           p.adopts_organisation, p.adopts_policy, p.is_published, coalesce(u.name, '') AS written_by, p.written_at,
           p.in_force IS NOT NULL AS is_dated, lower(p.in_force) AS start, upper(p.in_force) AS "end"
      FROM finance_policy p LEFT JOIN reference_user u ON u.id = p.written_by"""


def _edition(row: Row[Any]) -> Edition:
    return Edition(
        row.organisation_id,
        row.id,
        row.key,
        State(row.state),
        row.version,
        row.since,
        rules.content_of(row.schema_version, row.content),
        Adopted(row.adopts_organisation, row.adopts_policy) if row.adopts_policy else None,
        row.is_published,
        row.written_by,
        row.written_at,
        DateInterval(row.start, row.end) if row.is_dated else None,
    )


def editions(connection: Connection, scope: Scope, organisation_id: int) -> list[Edition]:
    """Every edition, the latest day first."""
    rows = connection.execute(
        text(f"{_EDITION} WHERE p.organisation_id = :organisation ORDER BY p.since DESC, p.id DESC"),
        {"organisation": organisation_id},
    )
    return [_edition(row) for row in rows]


def edition(connection: Connection, scope: Scope, organisation_id: int, policy_id: int) -> Edition | None:
    row = connection.execute(
        text(f"{_EDITION} WHERE p.organisation_id = :organisation AND p.id = :id"),
        {"organisation": organisation_id, "id": policy_id},
    ).one_or_none()
    return _edition(row) if row else None


def edition_of_key(connection: Connection, scope: Scope, organisation_id: int, key: UUID) -> Edition | None:
    row = connection.execute(
        text(f"{_EDITION} WHERE p.organisation_id = :organisation AND p.key = :key"),
        {"organisation": organisation_id, "key": key},
    ).one_or_none()
    return _edition(row) if row else None


def in_force(connection: Connection, scope: Scope, organisations: Sequence[int], day: date) -> list[Edition]:
    """The edition that counts on a day, of each organisation that has one."""
    rows = connection.execute(
        text(f"{_EDITION} WHERE p.organisation_id = ANY(:organisations) AND p.in_force @> CAST(:day AS date)"),
        {"organisations": list(organisations), "day": day},
    )
    return [_edition(row) for row in rows]


def signed(connection: Connection, scope: Scope, organisation_id: int) -> list[Edition]:
    """Editions that count, counted or will count, by day."""
    rows = connection.execute(
        text(f"{_EDITION} WHERE p.organisation_id = :organisation AND p.state = 'signed' ORDER BY p.since"),
        {"organisation": organisation_id},
    )
    return [_edition(row) for row in rows]


def to_sign(connection: Connection, scope: Scope, organisation_id: int) -> list[int]:
    """Editions that are proposed, but by nobody for whom the scope's actor stands: by number."""
    found = connection.execute(
        text("""
            SELECT p.id FROM finance_policy p
              JOIN finance_policy_act a
                ON (a.organisation_id, a.policy_id, a.version) = (p.organisation_id, p.id, p.version)
             WHERE p.organisation_id = :organisation AND p.state = 'proposed'
               AND NOT (a.actor_id || a.lenders) && CAST(:people AS int[])
             ORDER BY p.id
        """),
        {"organisation": organisation_id, "people": sorted(scope.stands_for)},
    )
    return list(found.scalars())


def is_untouched(connection: Connection, scope: Scope, organisation_id: int, since: date) -> bool:
    """Whether no edition was ever signed, and nothing but opening entries is posted from a day on."""
    found: bool = connection.execute(
        text("""
            SELECT NOT EXISTS (SELECT FROM finance_policy WHERE organisation_id = :organisation AND state = 'signed')
                   AND NOT EXISTS (SELECT FROM ledger_entry
                                    WHERE organisation_id = :organisation AND effective_on >= :since
                                      AND kind <> 'opening')
        """),
        {"organisation": organisation_id, "since": since},
    ).scalar_one()
    return found


def insert_edition(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    key: UUID,
    since: date,
    content: Content,
    adopts: Adopted | None,
) -> int | None:
    """Id of the new edition; ``None`` where the key is taken."""
    return connection.execute(
        text("""
            INSERT INTO finance_policy (organisation_id, key, since, schema_version, content, adopts_organisation,
                                        adopts_policy, written_by)
            VALUES (:organisation, :key, :since, :schema_version, CAST(:content AS jsonb), :adopts_organisation,
                    :adopts_policy, :actor)
            ON CONFLICT (organisation_id, key) DO NOTHING RETURNING id
        """),
        {
            "organisation": organisation_id,
            "key": key,
            "since": since,
            "schema_version": SCHEMA_VERSION,
            "content": _document(content),
            "adopts_organisation": adopts.organisation_id if adopts else None,
            "adopts_policy": adopts.id if adopts else None,
            "actor": scope.actor.id,
        },
    ).scalar_one_or_none()


def rewrite(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    policy_id: int,
    version: int,
    since: date,
    content: Content,
) -> bool:
    """Replace what a draft says, where it is still the version that was seen."""
    done = connection.execute(
        text("""
            UPDATE finance_policy
               SET version = version + 1, since = :since, schema_version = :schema_version,
                   content = CAST(:content AS jsonb), written_by = :actor, written_at = clock_timestamp()
             WHERE organisation_id = :organisation AND id = :id AND version = :version AND state = 'draft'
        """),
        {
            "organisation": organisation_id,
            "id": policy_id,
            "version": version,
            "since": since,
            "schema_version": SCHEMA_VERSION,
            "content": _document(content),
            "actor": scope.actor.id,
        },
    )
    return done.rowcount == 1


def publish(connection: Connection, scope: Scope, organisation_id: int, policy_id: int, published: bool) -> None:
    """Offer a signed edition to the institutions below, or offer it no longer."""
    connection.execute(
        text("UPDATE finance_policy SET is_published = :published WHERE organisation_id = :organisation AND id = :id"),
        {"organisation": organisation_id, "id": policy_id, "published": published},
    )


def _document(content: Content) -> str:
    return json.dumps(content.model_dump(mode="json"), ensure_ascii=False)


def insert_act(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    policy_id: int,
    act: Step,
    *,
    version: int,
    reason: str = "",
    signature_id: int | None = None,
) -> None:
    """What the scope's actor does; the database moves the edition on, or refuses."""
    connection.execute(
        text("""
            INSERT INTO finance_policy_act (organisation_id, policy_id, version, act, actor_id, on_behalf_of, origin,
                                            reason, signature_id)
            VALUES (:organisation, :policy, :version, :act, :actor, :on_behalf_of, :origin, :reason, :signature)
        """),
        {
            "organisation": organisation_id,
            "policy": policy_id,
            "version": version,
            "act": act.value,
            "actor": scope.actor.id,
            "on_behalf_of": scope.on_behalf_of,
            "origin": scope.actor.origin,
            "reason": reason,
            "signature": signature_id,
        },
    )


def acts(connection: Connection, scope: Scope, organisation_id: int, policy_id: int) -> list[Act]:
    """Every act on an edition, the first first."""
    rows = connection.execute(
        text("""
            SELECT a.version, a.act, a.actor_id, coalesce(u.name, '') AS actor, coalesce(b.name, '') AS on_behalf_of,
                   a.lenders, a.reason, a.signature_id, a.at
              FROM finance_policy_act a
              LEFT JOIN reference_user u ON u.id = a.actor_id
              LEFT JOIN reference_user b ON b.id = a.on_behalf_of
             WHERE a.organisation_id = :organisation AND a.policy_id = :policy ORDER BY a.version
        """),
        {"organisation": organisation_id, "policy": policy_id},
    )
    return [Act(**dict(row._mapping) | {"act": Step(row.act), "lenders": frozenset(row.lenders)}) for row in rows]


def roles_here(connection: Connection, scope: Scope, organisation_id: int, day: date) -> frozenset[str]:
    """Roles that the scope's actor holds at an organisation on a day, lent ones among them."""
    found = connection.execute(
        text("SELECT role FROM reference_grants_of(:actor, :day) WHERE organisation_id = :organisation"),
        {"actor": scope.actor.id, "day": day, "organisation": organisation_id},
    )
    return frozenset(found.scalars())


def offers(connection: Connection, scope: Scope, organisation_id: int) -> list[Offer]:
    """Editions that bodies above publish, the nearest body first."""
    rows = connection.execute(
        text("SELECT * FROM finance_policies_above(:organisation)"), {"organisation": organisation_id}
    )
    return [
        Offer(row.organisation_id, row.id, row.since, row.until, rules.content_of(row.schema_version, row.content))
        for row in rows
    ]
