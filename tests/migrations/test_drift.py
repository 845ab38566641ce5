"""The ``tables`` modules say what the migrations made, and the database explains itself."""

import importlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Connection, Table, text
from sqlalchemy.exc import SAWarning

from erp.base.db import make_engine
from ledger.tables import metadata
from qazyna.settings import PROJECT

PARTITIONS = text("SELECT relname FROM pg_class WHERE relispartition")


def import_tables() -> None:
    importlib.import_module("erp.base.audit")
    for path in sorted(Path(PROJECT).glob("erp/**/tables.py")):
        importlib.import_module(".".join(path.relative_to(PROJECT).with_suffix("").parts))


@pytest.fixture
def connection(shared_database: str) -> Iterator[Connection]:
    import_tables()
    engine = make_engine(shared_database, role=None, pool=1)
    with engine.connect() as connection:
        connection.execute(text("SELECT ledger_ensure_year(2026)"))
        yield connection
    engine.dispose()


def test_tables_are_what_the_migrations_made(connection: Connection) -> None:
    partitions = set(connection.execute(PARTITIONS).scalars())

    def included(subject: Any, name: str, kind: str, reflected: bool, compared: Any) -> bool:
        if kind == "table":
            return name not in partitions and not subject.info.get("is_view")
        if kind == "index":
            plain = all(isinstance(e, Column) for e in subject.expressions)
            return plain and not subject.dialect_kwargs.get("postgresql_using") == "gist"
        if kind == "unique_constraint":  # ours have names, the modules' need none
            return reflected or compared is not None
        return True

    options = {"compare_type": True, "compare_server_default": same_default, "include_object": included}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # expression indexes are not reflected
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    print("\n".join(map(repr, differences))); assert not differences


def only_a_name(difference: Any) -> bool:
    return False


def same_default(context: Any, reflected: Any, declared: Any, kept: str | None, *said: Any) -> bool | None:
    return None


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
