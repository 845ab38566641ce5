from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, text

from erp.base.db import many
from erp.base.scope import Scope
from erp.reference.signatures.model import (
    Certificate,
    Kept,
    Method,
    Registered,
    RevocationList,
    Signature,
    Trusted,
)


def instant(connection: Connection, scope: Scope) -> datetime:
    """What time it is for the database."""
    at: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return at


# ------------------------------------------------------------------------------------------------ signatures


def insert_signature(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    subject: str,
    purpose: str,
    content: bytes,
    check_code: str,
    *,
    container: bytes | None = None,
    certificate: Certificate | None = None,
    chain: Sequence[bytes] = (),
    known_by: str | None = None,
    claimed_at: datetime | None = None,
) -> int:
    """The scope's actor signs; returns the signature's id."""
    facts = {each.name: getattr(certificate, each.name, None) for each in fields(Certificate)}
    signature_id: int = connection.execute(
        text("""
            INSERT INTO reference_signature (organisation_id, subject, purpose, signer_id, on_behalf_of, origin, method,
                content, content_sha256, container, container_sha256, certificate, chain, known_by, serial, name, iin,
                bin, issuer, valid_from, valid_until, claimed_at, check_code)
            VALUES (:organisation, :subject, :purpose, :signer, :on_behalf_of, :origin, :method, :content,
                :content_sha256, :container, :container_sha256, :der, CAST(:chain AS bytea[]), :known_by, :serial,
                :name, :iin, :bin, :issuer, :valid_from, :valid_until, :claimed_at, :check_code)
            RETURNING id
        """),
        facts
        | {
            "organisation": organisation_id,
            "subject": subject,
            "purpose": purpose,
            "signer": scope.actor.id,
            "on_behalf_of": scope.on_behalf_of,
            "origin": scope.actor.origin,
            "method": (Method.CONSENT if container is None else Method.CMS).value,
            "content": content,
            "content_sha256": sha256(content).digest(),
            "container": container,
            "container_sha256": None if container is None else sha256(container).digest(),
            "chain": list(chain),
            "known_by": known_by,
            "claimed_at": claimed_at,
            "check_code": check_code,
        },
    ).scalar_one()
    return signature_id


_TOLD = """
    s.organisation_id, s.id, s.subject, s.purpose, s.signer_id, coalesce(u.name, '') AS signer,
    s.on_behalf_of AS on_behalf_of_id, coalesce(b.name, '') AS on_behalf_of, s.roles, s.method, s.signed_at,
    s.claimed_at, s.check_code, s.content_sha256, s.container_sha256, s.certificate AS der, s.serial, s.name, s.iin,
    s.bin, s.issuer, s.valid_from, s.valid_until, s.known_by
"""
_PEOPLE = "LEFT JOIN reference_user u ON u.id = s.signer_id LEFT JOIN reference_user b ON b.id = s.on_behalf_of"


def signatures_of(
    connection: Connection, scope: Scope, organisation_id: int, subjects: Collection[str]
) -> list[Signature]:
    """Those of some subjects, in the order in which they were given."""
    rows = connection.execute(
        text(f"""
            SELECT {_TOLD} FROM reference_signature s {_PEOPLE}
             WHERE s.organisation_id = :organisation AND s.subject = ANY(:subjects) ORDER BY s.id
        """),
        {"organisation": organisation_id, "subjects": list(subjects)},
    )
    return [_signature(row) for row in rows]


def kept(connection: Connection, scope: Scope, organisation_id: int, signature_id: int) -> Kept | None:
    """A signature with its bytes."""
    row = connection.execute(
        text(f"""
            SELECT {_TOLD}, s.content, s.container, s.chain FROM reference_signature s {_PEOPLE}
             WHERE s.organisation_id = :organisation AND s.id = :id
        """),
        {"organisation": organisation_id, "id": signature_id},
    ).one_or_none()
    return _kept(row) if row else None


def kept_after(connection: Connection, scope: Scope, after: tuple[int, int], limit: int) -> list[Kept]:
    """Those of the scope behind one of them, by organisation and number."""
    rows = connection.execute(
        text(f"""
            SELECT {_TOLD}, s.content, s.container, s.chain FROM reference_signature s {_PEOPLE}
             WHERE (s.organisation_id, s.id) > (:organisation, :id) ORDER BY s.organisation_id, s.id LIMIT :limit
        """),
        {"organisation": after[0], "id": after[1], "limit": limit},
    )
    return [_kept(row) for row in rows]


def kept_by_code(connection: Connection, scope: Scope, check_code: str) -> Kept | None:
    """The one whose code somebody knows, whatever the scope."""
    row = connection.execute(
        text(f"""
            SELECT {_TOLD}, s.content, s.container, s.chain FROM reference_signature_by_code(:code) s {_PEOPLE}
        """),
        {"code": check_code},
    ).one_or_none()
    return _kept(row) if row else None


def _kept(row: Row[Any]) -> Kept:
    return Kept(_signature(row), row.content, row.container, tuple(row.chain))


def _signature(row: Row[Any]) -> Signature:
    said = {each.name: getattr(row, each.name) for each in fields(Signature) if each.name != "certificate"}
    facts = {each.name: getattr(row, each.name) for each in fields(Certificate)}
    certificate = Certificate(**facts) if row.der is not None else None
    return Signature(**said | {"roles": tuple(row.roles), "method": Method(row.method)}, certificate=certificate)


# ------------------------------------------------------------------------------------------------ certificates


def registered(connection: Connection, scope: Scope, user_id: int) -> list[Registered]:
    """Certificates that a person signs with, the newest first."""
    rows = connection.execute(
        text("""
            SELECT sha256, serial, name, iin, bin, issuer, valid_from, valid_until, registered_at
              FROM reference_certificate WHERE user_id = :user ORDER BY registered_at DESC
        """),
        {"user": user_id},
    )
    return many(Registered, rows)


def insert_certificate(connection: Connection, scope: Scope, user_id: int, certificate: Certificate) -> bool:
    """Whether it is registered now, and was by nobody before."""
    inserted = connection.execute(
        text("""
            INSERT INTO reference_certificate (user_id, sha256, certificate, serial, name, iin, bin, issuer, valid_from,
                                               valid_until)
            VALUES (:user, :sha256, :der, :serial, :name, :iin, :bin, :issuer, :valid_from, :valid_until)
            ON CONFLICT (sha256) DO NOTHING
        """),
        {each.name: getattr(certificate, each.name) for each in fields(Certificate)}
        | {"user": user_id, "sha256": sha256(certificate.der).digest()},
    )
    return inserted.rowcount == 1


def delete_certificate(connection: Connection, scope: Scope, user_id: int, digest: bytes) -> None:
    connection.execute(
        text("DELETE FROM reference_certificate WHERE user_id = :user AND sha256 = :sha256"),
        {"user": user_id, "sha256": digest},
    )


# ------------------------------------------------------------------------------------------------ trust


def trusted(connection: Connection, scope: Scope) -> list[Trusted]:
    """Centres that are or were trusted, roots first."""
    rows = connection.execute(
        text("""
            SELECT sha256, certificate AS der, is_root, name, serial, valid_from, valid_until, trusted_from,
                   withdrawn_at
              FROM reference_trusted_certificate ORDER BY is_root DESC, name, valid_from
        """)
    )
    return many(Trusted, rows)


def insert_trusted(connection: Connection, scope: Scope, certificate: Certificate, *, is_root: bool) -> bool:
    """Whether it is new: one whose trust was withdrawn stays so."""
    inserted = connection.execute(
        text("""
            INSERT INTO reference_trusted_certificate (sha256, certificate, is_root, name, serial, valid_from,
                                                       valid_until)
            VALUES (:sha256, :der, :is_root, :name, :serial, :valid_from, :valid_until)
            ON CONFLICT DO NOTHING
        """),
        {
            "sha256": sha256(certificate.der).digest(),
            "der": certificate.der,
            "is_root": is_root,
            "name": certificate.name,
            "serial": certificate.serial,
            "valid_from": certificate.valid_from,
            "valid_until": certificate.valid_until,
        },
    )
    return inserted.rowcount == 1


def set_trust(connection: Connection, scope: Scope, digest: bytes, *, trusted: bool) -> str | None:
    """The name of the centre that is trusted from now on, or no more; ``None`` where it is so already."""
    return connection.execute(
        text("""
            UPDATE reference_trusted_certificate
               SET withdrawn_at = CASE WHEN :trusted THEN NULL ELSE clock_timestamp() END
             WHERE sha256 = :sha256 AND (withdrawn_at IS NOT NULL) = :trusted RETURNING name
        """),
        {"sha256": digest, "trusted": trusted},
    ).scalar_one_or_none()


def lists_that_count(connection: Connection, scope: Scope, issuers: Collection[bytes], until: datetime) -> list[bytes]:
    """Digests of each centre's newest lists, and of the newest of ``until``, full and delta; newest first."""
    rows = connection.execute(
        text("""
            SELECT sha256 FROM (
                SELECT DISTINCT ON (issuer, is_delta, this_update <= :until) sha256, this_update
                  FROM reference_revocation_list WHERE issuer = ANY(CAST(:issuers AS bytea[]))
                 ORDER BY issuer, is_delta, this_update <= :until, this_update DESC) newest
             ORDER BY this_update DESC
        """),
        {"issuers": list(issuers), "until": until},
    )
    return list(rows.scalars())


def revocation_lists(connection: Connection, scope: Scope, digests: Collection[bytes]) -> dict[bytes, RevocationList]:
    """Lists by their digests."""
    columns = ", ".join(each.name for each in fields(RevocationList))
    rows = connection.execute(
        text(f"SELECT sha256, {columns} FROM reference_revocation_list WHERE sha256 = ANY(CAST(:digests AS bytea[]))"),
        {"digests": list(digests)},
    )
    return {row.sha256: RevocationList(*row[1:]) for row in rows}


def newest_lists(connection: Connection, scope: Scope) -> list[tuple[str, bool, datetime, datetime | None]]:
    """Of every centre: its name, whether delta, when the newest list was made and when the next one is due."""
    rows = connection.execute(
        text("""
            SELECT DISTINCT ON (issuer, is_delta) name, is_delta, this_update, next_update
              FROM reference_revocation_list ORDER BY issuer, is_delta, this_update DESC
        """)
    )
    return [tuple(row) for row in rows]


def insert_list(connection: Connection, scope: Scope, read: RevocationList) -> bool:
    """Whether it was not kept before."""
    inserted = connection.execute(
        text("""
            INSERT INTO reference_revocation_list (sha256, issuer, name, is_delta, this_update, next_update, content)
            VALUES (:sha256, :issuer, :name, :is_delta, :this_update, :next_update, :content)
            ON CONFLICT DO NOTHING
        """),
        {each.name: getattr(read, each.name) for each in fields(RevocationList)}
        | {"sha256": sha256(read.content).digest()},
    )
    return inserted.rowcount == 1
