"""The ``tables`` modules say what the migrations made, and the database explains itself."""

import importlib
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Connection, text
from sqlalchemy.exc import SAWarning

from erp.base.db import make_engine
from ledger.tables import metadata
from qazyna.settings import PROJECT

COMMENTS = {"remove_table_comment", "modify_comment"}  # the migrations alone speak to readers of the database
OF_A_LIBRARY = "procrastinate_"  # the queue has no module: only its library names its tables


def import_tables() -> None:
    importlib.import_module("erp.base.audit")
    for path in sorted(Path(PROJECT).glob("erp/**/tables.py")):
        importlib.import_module(".".join(path.relative_to(PROJECT).with_suffix("").parts))


@pytest.fixture
def connection(shared_database: str) -> Iterator[Connection]:
    import_tables()
    engine = make_engine(shared_database, role=None, pool=1)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_tables_are_what_the_migrations_made(connection: Connection) -> None:
    """Tables, columns, types, keys and plain indexes; the names of constraints are the migrations' own."""

    def included(subject: Any, name: str, kind: str, reflected: bool, compared: Any) -> bool:
        if kind == "table":
            return not subject.info.get("is_view") and not name.startswith(OF_A_LIBRARY)
        if kind == "index":  # an expression, and the index behind an EXCLUDE constraint, are not reflected alike
            return all(isinstance(e, Column) for e in subject.expressions) and not (
                reflected and subject.dialect_kwargs.get("postgresql_using") == "gist"
            )
        return True

    options = {"compare_type": True, "compare_server_default": False, "include_object": included}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        found = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    flat = [change for changes in found for change in (changes if isinstance(changes, list) else [changes])]
    assert [c for c in flat if c[0] not in COMMENTS] == []


def test_defaults_are_what_the_migrations_made(connection: Connection) -> None:
    declared = {
        (table.name, column.name): (bool(column.autoincrement is True), column.computed is not None, said(column))
        for table in metadata.tables.values()
        if not table.info.get("is_view")
        for column in table.columns
    }
    made = {
        (r.table_name, r.column_name): (r.identity, r.computed, None if r.computed else bare(r.said))
        for r in connection.execute(DEFAULTS)
    }
    assert {name: made[name] for name in declared} == declared


DEFAULTS = text("""
    SELECT c.relname AS table_name, a.attname AS column_name, a.attidentity <> '' AS identity,
           a.attgenerated <> '' AS computed, pg_get_expr(d.adbin, d.adrelid) AS said
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
""")


def said(column: Column[Any]) -> str | None:
    default = column.server_default
    return None if default is None or column.computed is not None else bare(str(default.arg))  # type: ignore[attr-defined]


def bare(default: str | None) -> str | None:
    """A default without the cast that the server adds."""
    return re.sub(r"::[a-z ]+(\[\])?$", "", default) if default else None


def test_views_have_the_columns_their_modules_say(connection: Connection) -> None:
    views = [t for t in metadata.tables.values() if t.info.get("is_view")]
    assert {"ledger_side"} <= {v.name for v in views}
    for view in views:
        there = connection.execute(
            text("SELECT column_name FROM information_schema.columns WHERE table_name = :name"), {"name": view.name}
        )
        assert set(there.scalars()) == {c.name for c in view.columns}, view.name


def test_every_table_and_view_says_what_it_is(connection: Connection) -> None:
    silent = connection.execute(
        text("""
            SELECT c.relname FROM pg_class c
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
               AND c.relname <> 'alembic_version' AND coalesce(obj_description(c.oid), '') = ''
        """)
    )
    assert silent.scalars().all() == []


def test_columns_whose_name_does_not_tell_their_unit_say_it(connection: Connection) -> None:
    """An amount, a quantity or a bit set is a number that means nothing without its unit."""
    numbers = connection.execute(
        text("""
            SELECT table_name || '.' || column_name FROM information_schema.columns
             WHERE table_schema = 'public' AND column_name ~ '(amount|quantity|cost|price|rate|sum)'
               AND data_type IN ('bigint', 'integer', 'smallint', 'numeric')
               AND column_name !~ '_(tiyn|milli|minor|months|days|ppm)$'
        """)
    )
    assert numbers.scalars().all() == []
