"""From an empty database to the newest schema: once, twice, two at once, and by an owner who is no superuser."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from alembic.script import ScriptDirectory

import migrations
from ledger.model import Posting
from qazyna.migrate import configuration, upgrade
from qazyna.settings import PROJECT
from tests.conftest import TestServer
from tests.factories.books import some_books

VERSIONS = Path(migrations.__file__).parent / "versions"


@pytest.fixture
def empty(server: TestServer) -> Iterator[str]:
    url = server.empty_database()
    yield url
    server.drop_database(url)


def libpq(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def schema(url: str) -> list[tuple[object, ...]]:
    """Every table, column, index, constraint, function, trigger, policy and grant, in order."""
    query = """
        SELECT 'column', table_name::text, column_name::text, concat_ws(' ', data_type, is_nullable, column_default)
          FROM information_schema.columns WHERE table_schema = 'public'
         UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
         UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
                     FROM pg_constraint WHERE connamespace = 'public'::regnamespace
         UNION ALL SELECT 'function', oid::regprocedure::text, proacl::text, prosrc
                     FROM pg_proc WHERE pronamespace = 'public'::regnamespace
         UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)
                     FROM pg_trigger WHERE NOT tgisinternal
         UNION ALL SELECT 'policy', tablename, policyname, concat_ws(' ', cmd, qual, with_check) FROM pg_policies
         UNION ALL SELECT 'grants', relname, relkind::text, relacl::text
                     FROM pg_class WHERE relnamespace = 'public'::regnamespace
         UNION ALL SELECT 'version', version_num, '', '' FROM alembic_version
         ORDER BY 1, 2, 3, 4
    """
    with psycopg.connect(libpq(url)) as connection:
        return connection.execute(query).fetchall()


def test_a_second_upgrade_changes_nothing(empty: str) -> None:
    upgrade(empty)
    first = schema(empty)
    assert any(kind == "column" for kind, *_ in first)
    upgrade(empty)
    assert schema(empty) == first


def test_two_programs_that_start_at_once_migrate_once(empty: str, database: str) -> None:
    program = [sys.executable, "-c", "import sys; from qazyna.migrate import upgrade; upgrade(sys.argv[1])", empty]
    started = [subprocess.Popen(program, stderr=subprocess.PIPE, text=True, cwd=PROJECT) for _ in range(2)]
    assert [process.communicate(timeout=60)[1] for process in started] == ["", ""]
    assert schema(empty) == schema(database)


@pytest.mark.parametrize("may", ["CREATEROLE", "NOCREATEROLE"])
def test_an_owner_who_is_no_superuser_migrates_and_the_application_posts(
    server: TestServer, empty: str, may: str
) -> None:
    """As on an external server, whose administrator made the database, its owner, and the application's role."""
    name = empty.partition("@/")[2].partition("?")[0]
    owner = f"owner_of_{name}"
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {owner} NOSUPERUSER {may}")
        admin.execute(f"GRANT qazyna_app TO {owner}")
        admin.execute(f"ALTER DATABASE {name} OWNER TO {owner}")
    try:
        upgrade(f"{empty}&options={quote(f'-c role={owner}')}")
        books = some_books(empty)
        assert books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 5))).number == 1
        books.engine.dispose()
        with psycopg.connect(libpq(empty)) as connection:
            owners = connection.execute(
                "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
        assert owners == [(owner,)]
    finally:
        server.drop_database(empty)
        with psycopg.connect(server.admin_url, autocommit=True) as admin:
            admin.execute(f"DROP ROLE {owner}")


def test_the_history_is_one_line() -> None:
    scripts = ScriptDirectory.from_config(configuration("postgresql://"))
    revisions = [revision.revision for revision in scripts.walk_revisions()][::-1]
    assert revisions == [f"{n:04d}" for n in range(1, len(revisions) + 1)]
    assert len(scripts.get_heads()) == 1


def test_a_revision_is_a_sql_file_that_goes_forward_only() -> None:
    revisions = sorted(VERSIONS.glob("[0-9]*.py"))
    assert [r.with_suffix(".sql").is_file() for r in revisions] == [True] * len(revisions)
    assert sorted(VERSIONS.glob("*.sql")) == [r.with_suffix(".sql") for r in revisions]
    assert [r.name for r in revisions if "def downgrade" in r.read_text(encoding="utf-8")] == []


def test_constraints_are_named() -> None:
    inline = re.compile(
        r"^(?!.*\bCONSTRAINT\b).*\b(PRIMARY KEY|REFERENCES|UNIQUE \(|CHECK \(|EXCLUDE USING)", re.MULTILINE
    )
    for path in VERSIONS.glob("*.sql"):
        tables = re.findall(r"CREATE (?:UNLOGGED )?TABLE [^;]*;", path.read_text(encoding="utf-8"))
        for table in tables:
            if table.startswith("CREATE TABLE procrastinate_"):  # word for word as the library has it
                continue
            joined = re.sub(r"\n\s{5,}", " ", table)  # a constraint may run over several lines
            assert [m.group(0) for m in inline.finditer(joined) if "WITH CHECK" not in m.group(0)] == [], path.name
