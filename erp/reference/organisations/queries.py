from sqlalchemy import Connection, text

from erp.base.db import many, one
from erp.base.scope import Scope
from erp.reference.organisations.model import Organisation, OrganisationDraft

_COLUMNS = "o.id, o.code, o.kind, o.name_kk, o.name_ru, o.name_en"


def organisations_of(connection: Connection, scope: Scope) -> list[Organisation]:
    """The organisations in scope, in the order of their codes."""
    rows = connection.execute(
        text(f"SELECT {_COLUMNS} FROM reference_organisation o WHERE o.id = ANY(:ids) ORDER BY o.code"),
        {"ids": sorted(scope.reads | scope.writes)},
    )
    return many(Organisation, rows)


def find_by_code(connection: Connection, scope: Scope, code: str) -> Organisation | None:
    """An organisation by its BIN.  Names of state bodies are public, so the scope does not narrow it."""
    row = connection.execute(
        text(f"SELECT {_COLUMNS} FROM reference_organisation o WHERE o.code = :code"),
        {"code": code},
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
