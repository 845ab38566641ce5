from datetime import date

from sqlalchemy import Connection, Row, text

from erp.base.db import many, one
from erp.base.scope import Scope
from erp.reference.organisations.model import Dated, Named, Names, Organisation, OrganisationDraft, Place, Related

_COLUMNS = """o.id, o.code, o.kind, coalesce(n.name_kk, o.name_kk) AS name_kk,
              coalesce(n.name_ru, o.name_ru) AS name_ru, coalesce(n.name_en, o.name_en) AS name_en"""
_NAMED = """reference_organisation o
            LEFT JOIN reference_organisation_name n ON n.organisation_id = o.id AND n.in_force @> CAST(:day AS date)"""
_TREE_LOCK = "reference_organisation_link"  # the trigger that refuses cycles takes the same


def organisations_of(connection: Connection, scope: Scope, day: date) -> list[Organisation]:
    """The organisations in scope as they are called on ``day``, in the order of their codes."""
    rows = connection.execute(
        text(f"SELECT {_COLUMNS} FROM {_NAMED} WHERE o.id = ANY(:ids) ORDER BY o.code"),
        {"ids": sorted(_concerned(scope)), "day": day},
    )
    return many(Organisation, rows)


def _concerned(scope: Scope) -> frozenset[int]:
    """Organisations that the scope names for anything."""
    books, plans = scope.reads | scope.writes | scope.audits | scope.administers, scope.plans | scope.edits
    return books | plans | scope.staff | scope.keeps | scope.decides | scope.serves


def by_ids(connection: Connection, scope: Scope, ids: list[int], day: date) -> list[Organisation]:
    """Organisations whatever the scope: names of state bodies are public."""
    rows = connection.execute(text(f"SELECT {_COLUMNS} FROM {_NAMED} WHERE o.id = ANY(:ids)"), {"ids": ids, "day": day})
    return many(Organisation, rows)


def above(connection: Connection, scope: Scope, ids: list[int], day: date) -> list[tuple[int, Organisation]]:
    """Each organisation's bodies above, the nearest first, whatever the scope: the tree of state bodies is public."""
    rows = connection.execute(
        text(f"""
            WITH RECURSIVE up AS (
                SELECT w.id AS below, l.parent_id AS id, 1 AS distance
                  FROM unnest(CAST(:ids AS int[])) AS w(id)
                  JOIN reference_organisation_link l ON l.child_id = w.id AND l.in_force @> CAST(:day AS date)
                 UNION ALL
                SELECT up.below, l.parent_id, up.distance + 1
                  FROM up JOIN reference_organisation_link l ON l.child_id = up.id AND l.in_force @> CAST(:day AS date)
            )
            SELECT up.below, {_COLUMNS} FROM {_NAMED} JOIN up ON up.id = o.id ORDER BY up.below, up.distance
        """),
        {"ids": ids, "day": day},
    )
    return [(row.below, Organisation(*row[1:])) for row in rows]


def find_by_code(connection: Connection, scope: Scope, code: str, day: date | None = None) -> Organisation | None:
    """An organisation by its BIN.  Names of state bodies are public, so the scope does not narrow it."""
    row = connection.execute(
        text(f"SELECT {_COLUMNS} FROM {_NAMED} WHERE o.code = :code"),
        {"code": code, "day": day},
    ).one_or_none()
    return one(Organisation, row) if row else None


def insert_organisations(connection: Connection, scope: Scope, drafts: list[OrganisationDraft]) -> None:
    """Organisations, their links and the serving relation; those already there stay as they are."""
    columns = {
        name: [getattr(d, name) for d in drafts]
        for name in ("code", "kind", "name_kk", "name_ru", "name_en", "parent_code", "office_code", "since")
    }
    draft = """unnest(CAST(:code AS text[]), CAST(:kind AS text[]), CAST(:name_kk AS text[]), CAST(:name_ru AS text[]),
                      CAST(:name_en AS text[]), CAST(:parent_code AS text[]), CAST(:office_code AS text[]),
                      CAST(:since AS date[]))
               AS d(code, kind, name_kk, name_ru, name_en, parent_code, office_code, since)"""
    for statement in (
        f"""INSERT INTO reference_organisation (code, kind, name_kk, name_ru, name_en, in_force)
            SELECT code, kind, name_kk, name_ru, name_en, daterange(since, NULL) FROM {draft} ON CONFLICT DO NOTHING""",
        f"""INSERT INTO reference_organisation_link (child_id, parent_id, in_force)
            SELECT c.id, p.id, daterange(d.since, NULL) FROM {draft}
              JOIN reference_organisation c ON c.code = d.code JOIN reference_organisation p ON p.code = d.parent_code
            ON CONFLICT DO NOTHING""",
        f"""INSERT INTO reference_serving (office_id, institution_id, in_force)
            SELECT f.id, c.id, daterange(d.since, NULL) FROM {draft}
              JOIN reference_organisation c ON c.code = d.code JOIN reference_organisation f ON f.code = d.office_code
            ON CONFLICT DO NOTHING""",
    ):
        connection.execute(text(statement), columns)


# ------------------------------------------------------------------------------------------------ the tree


def tree(connection: Connection, scope: Scope, day: date) -> list[Place]:
    """Where each organisation that the scope administers stood on ``day``; those not there then are left out."""
    rows = connection.execute(
        text(f"""
            SELECT {_COLUMNS}, l.parent_id, s.office_id, lower(o.in_force) AS since, upper(o.in_force) AS until
              FROM {_NAMED}
              LEFT JOIN reference_organisation_link l ON l.child_id = o.id AND l.in_force @> CAST(:day AS date)
              LEFT JOIN reference_serving s ON s.institution_id = o.id AND s.in_force @> CAST(:day AS date)
             WHERE o.id = ANY(:ids) AND o.in_force @> CAST(:day AS date)
        """),
        {"ids": sorted(scope.administers), "day": day},
    )
    return [_place(row) for row in rows]


def _place(row: Row[tuple[object, ...]]) -> Place:
    organisation = Organisation(row.id, row.code, row.kind, row.name_kk, row.name_ru, row.name_en)
    return Place(organisation, row.parent_id, row.office_id, row.since, row.until)


def life(connection: Connection, scope: Scope, organisation_id: int) -> Dated:
    row = connection.execute(
        text("SELECT lower(in_force) AS since, upper(in_force) AS until FROM reference_organisation WHERE id = :id"),
        {"id": organisation_id},
    ).one()
    return one(Dated, row)


def not_closed_by(connection: Connection, scope: Scope, ids: list[int], day: date) -> list[int]:
    """Those of the organisations that are there on ``day`` or later."""
    rows = connection.execute(
        text("""
            SELECT id FROM reference_organisation
             WHERE id = ANY(:ids) AND (upper_inf(in_force) OR upper(in_force) > :day)
        """),
        {"ids": ids, "day": day},
    )
    return list(rows.scalars())


def names(connection: Connection, scope: Scope, organisation_id: int) -> list[Named]:
    rows = connection.execute(
        text("""
            SELECT lower(in_force) AS since, upper(in_force) AS until, name_kk, name_ru, name_en
              FROM reference_organisation_name WHERE organisation_id = :id ORDER BY in_force
        """),
        {"id": organisation_id},
    )
    return many(Named, rows)


def parents(connection: Connection, scope: Scope, organisation_id: int) -> list[Related]:
    return _related(connection, "reference_organisation_link", "parent_id", "child_id", organisation_id)


def offices(connection: Connection, scope: Scope, organisation_id: int) -> list[Related]:
    return _related(connection, "reference_serving", "office_id", "institution_id", organisation_id)


def served(connection: Connection, scope: Scope, organisation_id: int) -> list[Related]:
    return _related(connection, "reference_serving", "institution_id", "office_id", organisation_id)


def children(connection: Connection, scope: Scope, organisation_id: int) -> list[Related]:
    return _related(connection, "reference_organisation_link", "child_id", "parent_id", organisation_id)


def _related(connection: Connection, table: str, other: str, own: str, organisation_id: int) -> list[Related]:
    rows = connection.execute(
        text(f"""
            SELECT lower(in_force) AS since, upper(in_force) AS until, {other} AS other_id
              FROM {table} WHERE {own} = :id ORDER BY in_force, {other}
        """),
        {"id": organisation_id},
    )
    return many(Related, rows)


def stands_below(connection: Connection, scope: Scope, organisation_id: int, above_id: int, since: date) -> bool:
    """Whether, on some day from ``since`` on, one organisation is the other or stands below it."""
    return bool(
        connection.execute(
            text("""
                WITH RECURSIVE up AS (
                    SELECT CAST(:id AS int) AS id, daterange(:since, NULL) AS days
                    UNION
                    SELECT l.parent_id, up.days * l.in_force
                      FROM up JOIN reference_organisation_link l ON l.child_id = up.id AND l.in_force && up.days
                ) SELECT EXISTS (SELECT FROM up WHERE id = :above)
            """),
            {"id": organisation_id, "above": above_id, "since": since},
        ).scalar_one()
    )


def lock_tree(connection: Connection, scope: Scope) -> None:
    """Changes of the tree wait for each other."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:lock))"), {"lock": _TREE_LOCK})


def is_bin(connection: Connection, scope: Scope, code: str) -> bool:
    """Whether 12 digits are a BIN by their check digit and their fifth."""
    return bool(
        connection.execute(
            text("SELECT reference_check_digit_holds(:code) AND substr(:code, 5, 1) BETWEEN '4' AND '6'"),
            {"code": code},
        ).scalar_one()
    )


def insert_organisation(
    connection: Connection, scope: Scope, code: str, kind: str, names: Names, parent_id: int, since: date
) -> int | None:
    """The new organisation's id; ``None`` where the BIN is taken."""
    organisation_id: int | None = connection.execute(
        text("""
            INSERT INTO reference_organisation (code, kind, name_kk, name_ru, name_en, in_force)
            VALUES (:code, :kind, :kk, :ru, :en, daterange(:since, NULL)) ON CONFLICT DO NOTHING RETURNING id
        """),
        {"code": code, "kind": kind, "kk": names.kk, "ru": names.ru, "en": names.en, "since": since},
    ).scalar_one_or_none()
    if organisation_id is not None:
        insert_parent(connection, scope, organisation_id, parent_id, since)
    return organisation_id


def update_life(connection: Connection, scope: Scope, organisation_id: int, until: date | None) -> None:
    connection.execute(
        text("UPDATE reference_organisation SET in_force = daterange(lower(in_force), :until) WHERE id = :id"),
        {"id": organisation_id, "until": until},
    )


def insert_name(connection: Connection, scope: Scope, organisation_id: int, names: Names, since: date) -> None:
    connection.execute(
        text("""
            INSERT INTO reference_organisation_name (organisation_id, in_force, name_kk, name_ru, name_en)
            VALUES (:id, daterange(:since, NULL), :kk, :ru, :en)
        """),
        {"id": organisation_id, "since": since, "kk": names.kk, "ru": names.ru, "en": names.en},
    )


def replace_name(connection: Connection, scope: Scope, organisation_id: int, names: Names, since: date) -> None:
    connection.execute(
        text("""
            UPDATE reference_organisation_name SET name_kk = :kk, name_ru = :ru, name_en = :en
             WHERE organisation_id = :id AND lower(in_force) = :since
        """),
        {"id": organisation_id, "since": since, "kk": names.kk, "ru": names.ru, "en": names.en},
    )


def end_name(connection: Connection, scope: Scope, organisation_id: int, day: date) -> None:
    _end(connection, "reference_organisation_name", "organisation_id", organisation_id, day)


def insert_parent(connection: Connection, scope: Scope, organisation_id: int, parent_id: int, since: date) -> None:
    connection.execute(
        text("""
            INSERT INTO reference_organisation_link (child_id, parent_id, in_force)
            VALUES (:id, :parent, daterange(:since, NULL))
        """),
        {"id": organisation_id, "parent": parent_id, "since": since},
    )


def replace_parent(connection: Connection, scope: Scope, organisation_id: int, parent_id: int, since: date) -> None:
    connection.execute(
        text("""
            UPDATE reference_organisation_link SET parent_id = :parent WHERE child_id = :id AND lower(in_force) = :since
        """),
        {"id": organisation_id, "parent": parent_id, "since": since},
    )


def end_parent(connection: Connection, scope: Scope, organisation_id: int, day: date) -> None:
    _end(connection, "reference_organisation_link", "child_id", organisation_id, day)


def insert_office(connection: Connection, scope: Scope, organisation_id: int, office_id: int, since: date) -> None:
    connection.execute(
        text("""
            INSERT INTO reference_serving (institution_id, office_id, in_force)
            VALUES (:id, :office, daterange(:since, NULL))
        """),
        {"id": organisation_id, "office": office_id, "since": since},
    )


def remove_office(connection: Connection, scope: Scope, organisation_id: int, since: date) -> None:
    """One that would have begun on ``since``."""
    connection.execute(
        text("DELETE FROM reference_serving WHERE institution_id = :id AND lower(in_force) = :since"),
        {"id": organisation_id, "since": since},
    )


def end_office(connection: Connection, scope: Scope, organisation_id: int, day: date) -> None:
    _end(connection, "reference_serving", "institution_id", organisation_id, day)


def _end(connection: Connection, table: str, own: str, organisation_id: int, day: date) -> None:
    """What counts on ``day`` counts no more from then on."""
    connection.execute(
        text(f"""
            UPDATE {table} SET in_force = in_force * daterange(NULL, :day)
             WHERE {own} = :id AND in_force @> CAST(:day AS date)
        """),
        {"id": organisation_id, "day": day},
    )
