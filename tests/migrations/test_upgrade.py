"""From an empty database to the newest schema: once, twice, two at once, and by an owner who is no superuser."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory

import migrations
from ledger.model import Posting
from ledger.verify import verify
from qazyna.migrate import configuration, upgrade
from qazyna.settings import PROJECT
from tests.conftest import TestServer
from tests.factories.books import some_books
from tests.factories.patience import PATIENCE
from tests.factories.seals import seal_everything

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
    assert [process.communicate(timeout=PATIENCE)[1] for process in started] == ["", ""]
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


OLD_ROWS = """
    INSERT INTO reference_organisation (code, kind, name_kk, name_ru, name_en, in_force) VALUES
        ('000000000001', 'oblast', 'Облыс', '', '', '[2010-01-01,)'),
        ('000000000002', 'institution', '', '', '', '[2010-01-01,2020-01-01)'),
        ('000000000003', 'institution', 'a', 'b', 'c', 'empty'),
        ('', 'institution', '', '', '', '(,)');
    INSERT INTO reference_organisation_link (child_id, parent_id, in_force) VALUES (2, 1, 'empty'), (3, 1, '(,)');
    INSERT INTO reference_serving (office_id, institution_id, in_force) VALUES (1, 3, 'empty');
    INSERT INTO reference_user (login, name, password_hash, in_force) VALUES
        ('gone', 'Gone', '', 'empty'), ('here', '', '', '[2010-01-01,)'), ('away', 'Away', '', '(,2020-01-01)');
    INSERT INTO reference_role_grant (user_id, role, organisation_id, in_force) VALUES
        (2, 'accountant', 1, 'empty'), (2, 'accountant', 1, 'empty'), (2, 'administrator', 1, '(,)'),
        (3, 'auditor', 1, '[2010-01-01,2020-01-01)'), (1, 'manager', 3, '(,2011-01-01)');
    INSERT INTO reference_session (token_hash, user_id, kind, origin, expires_at) VALUES
        ('\\x01', 2, 'browser', '', now() + '1 day'), ('\\x02', 2, 'token', '', now() - interval '1 day');
    INSERT INTO reference_sign_in_failure VALUES ('nobody', '', 3, now());
    INSERT INTO base_audit_event (actor_id, origin, action, subject) VALUES (2, 'test', 'signed-in', 'user:2');
"""


def test_whatever_the_oldest_released_schema_allowed_is_upgraded_and_proved(empty: str) -> None:
    """Empty intervals, empty names, people who never were: rows that nothing refused before."""
    command.upgrade(configuration(empty), "0010")
    with psycopg.connect(libpq(empty)) as connection:
        connection.execute(OLD_ROWS.encode())
    books = some_books(empty)
    books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 5)))
    upgrade(empty)
    books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 7)))
    books.engine.dispose()
    seal_everything(empty)
    report = verify(empty)
    assert (report.entries, report.unsealed, report.faults) == (2, 0, ())
    with psycopg.connect(libpq(empty)) as connection:
        names = connection.execute("SELECT name_kk, name_ru, name_en, in_force::text FROM reference_organisation_name"
                                   " ORDER BY organisation_id").fetchall()  # fmt: skip
        grants = connection.execute("SELECT user_id, role, in_force::text FROM reference_role_grant ORDER BY 1, 2")
        kept = grants.fetchall()
        people = connection.execute("SELECT login, in_force::text FROM reference_user ORDER BY id").fetchall()
    assert names == [
        ("Облыс", "Облыс", "Облыс", "[2010-01-01,)"),
        ("000000000002",) * 3 + ("[2010-01-01,)",),
        ("a", "b", "c", "(,)"),
        ("4", "4", "4", "(,)"),
    ]
    assert kept == [(1, "manager", "(,2011-01-01)"), (2, "administrator", "(,)"),
                    (3, "auditor", "[2010-01-01,2020-01-01)")]  # fmt: skip
    assert people == [("gone", "{}"), ("here", "{[2010-01-01,)}"), ("away", "{(,2020-01-01)}")]


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
