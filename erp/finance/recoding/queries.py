from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from erp.base.db import many
from erp.base.scope import Scope
from erp.finance.recoding.model import ACCOUNT, RECODED, AccountEdition, Line, Progress, Recoding, Standing
from ledger.model import Dimension

_RECODING = """
    SELECT r.id, r.books_of, r.title, r.effective_on, coalesce(u.name, '') AS created_by, r.created_at, r.ended_at
      FROM finance_recoding r LEFT JOIN reference_user u ON u.id = r.created_by"""

_EDITION = """a.id, a.code, a.name_kk, a.name_ru, a.name_en, a.kind, a.normal_side, a.postable, a.mandatory,
              a.permitted, a.keeps_quantity, a.role, lower(a.in_force) AS first, upper(a.in_force) AS last"""

_CODES = ", ".join(f"s.{dimension.slug}" for dimension in Dimension)


def _concerns(what: str) -> str:
    return f"(CAST(:{what} AS text[]) <> '{{}}' AND s.{what} = ANY(:{what}))"


_STANDING = f"""
    SELECT {_EDITION}, s.id AS subaccount_id, {_CODES}, b.*
      FROM ledger_side s
      JOIN ledger_account a ON a.id = s.account_id
      JOIN LATERAL (
           SELECT sum(b.debit_tiyn - b.credit_tiyn) AS balance_tiyn,
                  sum(b.debit_quantity_milli - b.credit_quantity_milli) AS quantity_milli,
                  sum(b.debit_currency_minor - b.credit_currency_minor) AS currency_minor,
                  coalesce((sum(b.debit_tiyn - b.credit_tiyn) FILTER (WHERE b.month >= :day AND b.kind <> 1),
                            sum(b.debit_quantity_milli - b.credit_quantity_milli)
                                FILTER (WHERE b.month >= :day AND b.kind <> 1),
                            sum(b.debit_currency_minor - b.credit_currency_minor)
                                FILTER (WHERE b.month >= :day AND b.kind <> 1)) <> (0, 0, 0), false) AS moved_since
             FROM ledger_balance b WHERE b.organisation_id = s.organisation_id AND b.subaccount_id = s.id) b
        ON (b.balance_tiyn, b.quantity_milli, b.currency_minor) <> (0, 0, 0)
     WHERE s.organisation_id = :organisation
       AND {{concerned}}
     ORDER BY a.code, {_CODES}
"""
_RECODED = f"""((a.code = ANY(:account) AND (lower_inf(a.in_force) OR lower(a.in_force) < :day))
                OR {" OR ".join(_concerns(d.slug) for d in RECODED)})"""
_STANDINGS = text(_STANDING.format(concerned=_RECODED))
_ALL_STANDINGS = text(_STANDING.format(concerned="a.role <> 'contra'"))


def insert(
    connection: Connection, scope: Scope, books_of: int | None, title: str, effective_on: date, lines: Sequence[Line]
) -> int:
    """A new mapping table; returns its id."""
    made: int = connection.execute(
        text("""INSERT INTO finance_recoding (books_of, title, effective_on, created_by, origin)
                VALUES (:books_of, :title, :on, :actor, :origin) RETURNING id"""),
        {
            "books_of": books_of,
            "title": title,
            "on": effective_on,
            "actor": scope.actor.id,
            "origin": scope.actor.origin,
        },
    ).scalar_one()
    connection.execute(
        text("""INSERT INTO finance_recoding_line (recoding_id, what, old_code, new_code)
                SELECT :recoding, w.what, w.old, w.new
                  FROM unnest(CAST(:what AS text[]), CAST(:old AS text[]), CAST(:new AS text[]))
                       AS w(what, old, new)"""),
        {
            "recoding": made,
            "what": [line.what for line in lines],
            "old": [line.old for line in lines],
            "new": [line.new for line in lines],
        },
    )
    return made


def recodings(connection: Connection, scope: Scope, books_of: int | None) -> list[Recoding]:
    """Those of one organisation with those for everybody, or the latter alone; the latest first, without lines."""
    rows = connection.execute(
        text(f"{_RECODING} WHERE r.books_of IS NULL OR r.books_of = :books_of ORDER BY r.id DESC"),
        {"books_of": books_of},
    )
    return many(Recoding, rows)


def recoding(connection: Connection, scope: Scope, recoding_id: int, books_of: int | None) -> Recoding | None:
    """A recoding for everybody or of the organisation, with its lines."""
    row = connection.execute(
        text(f"{_RECODING} WHERE r.id = :id AND (r.books_of IS NULL OR r.books_of = :books_of)"),
        {"id": recoding_id, "books_of": books_of},
    ).one_or_none()
    if row is None:
        return None
    lines = connection.execute(
        text("""SELECT what, old_code AS old, new_code AS new FROM finance_recoding_line
                 WHERE recoding_id = :id ORDER BY what, old_code"""),
        {"id": recoding_id},
    )
    return Recoding(**row._mapping, lines=tuple(many(Line, lines)))


def account_editions(
    connection: Connection, scope: Scope, codes: Collection[str]
) -> dict[str, tuple[AccountEdition, ...]]:
    """Every row of the chart that bears one of the codes."""
    rows = connection.execute(
        text(f"SELECT {_EDITION} FROM ledger_account a WHERE a.code = ANY(:codes) AND NOT isempty(a.in_force)"),
        {"codes": list(codes)},
    )
    found: dict[str, tuple[AccountEdition, ...]] = {}
    for row in rows:
        found[row.code] = (*found.get(row.code, ()), _edition(row))
    return found


def standings(connection: Connection, scope: Scope, organisation_id: int, mapped: Recoding) -> list[Standing]:
    """Balances of an organisation that a recoding concerns."""
    parameters: dict[str, Any] = {"organisation": organisation_id, "day": mapped.effective_on}
    parameters |= {what: list(mapped.mapping(what)) for what in (ACCOUNT, *(d.slug for d in RECODED))}
    return [_standing(row) for row in connection.execute(_STANDINGS, parameters)]


def all_standings(connection: Connection, scope: Scope, organisation_id: int, day: date) -> list[Standing]:
    """Every balance of an organisation; ``moved_since`` tells of entries dated on or after ``day``."""
    rows = connection.execute(_ALL_STANDINGS, {"organisation": organisation_id, "day": day})
    return [_standing(row) for row in rows]


def rounds(connection: Connection, scope: Scope, organisation_id: int, recoding_id: int) -> int:
    """How often an organisation's balances were moved."""
    return int(
        connection.execute(
            text("""SELECT count(*) FROM finance_recoding_transfer
                     WHERE organisation_id = :organisation AND recoding_id = :recoding"""),
            {"organisation": organisation_id, "recoding": recoding_id},
        ).scalar_one()
    )


def lock(connection: Connection, scope: Scope, organisation_id: int) -> None:
    """One recoding at a time in an organisation's books, to the end of the transaction."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('finance_recoding'), :organisation)"),
        {"organisation": organisation_id},
    )


def hold(connection: Connection, scope: Scope, organisation_id: int, recoding_id: int, sides: Sequence[int]) -> None:
    """Keep sides of old accounts that end on the day usable for it, until ``release`` in the same transaction."""
    connection.execute(
        text("SELECT finance_recoding_hold(:organisation, :recoding, CAST(:sides AS int[]))"),
        {"organisation": organisation_id, "recoding": recoding_id, "sides": list(sides)},
    )


def release(connection: Connection, scope: Scope, organisation_id: int, sides: Sequence[int]) -> None:
    """End them again."""
    connection.execute(
        text("SELECT finance_recoding_release(:organisation, CAST(:sides AS int[]))"),
        {"organisation": organisation_id, "sides": list(sides)},
    )


def record_transfer(
    connection: Connection, scope: Scope, organisation_id: int, recoding_id: int, round_: int, key: UUID, postings: int
) -> None:
    connection.execute(
        text("""INSERT INTO finance_recoding_transfer (organisation_id, recoding_id, round, key, postings, actor_id,
                                                       origin)
                VALUES (:organisation, :recoding, :round, :key, :postings, :actor, :origin)"""),
        {
            "organisation": organisation_id,
            "recoding": recoding_id,
            "round": round_,
            "key": key,
            "postings": postings,
            "actor": scope.actor.id,
            "origin": scope.actor.origin,
        },
    )


def end_codes(connection: Connection, scope: Scope, recoding_id: int) -> int:
    """End the old codes of a recoding for everybody on its day; returns how many."""
    return int(
        connection.execute(
            text("SELECT finance_recoding_end(:recoding, :actor)"),
            {"recoding": recoding_id, "actor": scope.actor.id},
        ).scalar_one()
    )


def progress(connection: Connection, scope: Scope, recoding_id: int) -> list[Progress]:
    """Organisations that a recoding for everybody concerns, and how far each has come."""
    rows = connection.execute(
        text("SELECT organisation_id, unmoved, rounds, moved_at FROM finance_recoding_progress(:recoding)"),
        {"recoding": recoding_id},
    )
    return many(Progress, rows)


def _edition(row: Row[Any]) -> AccountEdition:
    return AccountEdition(
        row.id, row.code, row.name_kk, row.name_ru, row.name_en, row.kind, row.normal_side, row.postable,
        Dimension(row.mandatory), Dimension(row.permitted), row.keeps_quantity, row.role, row.first, row.last,
    )  # fmt: skip


def _standing(row: Row[Any]) -> Standing:
    return Standing(
        row.subaccount_id,
        _edition(row),
        tuple(getattr(row, dimension.slug) for dimension in Dimension),
        int(row.balance_tiyn),
        int(row.quantity_milli),
        int(row.currency_minor),
        row.moved_since,
    )
