"""The database a command works on: the embedded server, or the one that the setting names."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from erp.base.db import APPLICATION_ROLE, make_engine
from erp.base.i18n import N_
from erp.base.scope import system_scope
from erp.reference.access import second_factor
from qazyna.errors import StartupError
from qazyna.keys import vault_of
from qazyna.migrate import upgrade
from qazyna.postgres import EmbeddedPostgres
from qazyna.settings import Settings

SUPPORTED = range(15, 19)


@dataclass(frozen=True)
class Database:
    """Addresses of one database: the owner migrates and administers, the application serves."""

    owner: str
    application: str
    is_alive: Callable[[], bool]
    """False once an embedded server has died; an external one is not ours to watch."""
    postgres: EmbeddedPostgres | None = None
    """The embedded server."""


@contextmanager
def migrated_database(settings: Settings) -> Iterator[Database]:
    """A reachable database of the newest schema; an embedded server runs for as long as the context.

    Raises: StartupError, in one sentence, when there is none.
    """
    if settings.database_url is None:
        with EmbeddedPostgres(settings.data) as postgres:
            upgrade(postgres.url())
            _let_application_in(postgres.url())
            yield Database(postgres.url(), postgres.url(user=APPLICATION_ROLE), postgres.is_alive, postgres)
    else:
        _require_reachable(settings.database_url)
        upgrade(settings.database_url)
        yield Database(settings.database_url, settings.database_url, lambda: True)


def _let_application_in(url: str) -> None:
    """A session that signed in as the application role has no way back to the owner's rights."""
    engine = make_engine(url, role=None, pool=1)
    with engine.begin() as connection:
        connection.execute(text(f"ALTER ROLE {APPLICATION_ROLE} LOGIN"))
    engine.dispose()


def seal_secrets(url: str, settings: Settings) -> None:
    """Seal secrets from before there was a key, by the key that the program serves with, and no other.

    Raises: StartupError, where the key file cannot be used.
    """
    vault = vault_of(settings)
    engine = make_engine(url, role=None, pool=1)
    with engine.begin() as connection:
        second_factor.seal_what_is_plain(connection, system_scope(), vault)
    engine.dispose()


def first_line(error: DBAPIError | CommandError) -> str:
    """The reason without the advice, the statement and the traceback."""
    reason = error.orig if isinstance(error, DBAPIError) else error
    return str(reason).strip().splitlines()[0].removeprefix("connection failed: ")


def _require_reachable(url: str) -> None:
    engine = make_engine(url, role=None, pool=1)
    try:
        with engine.connect() as connection:
            number = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    except OperationalError as error:
        reason = first_line(error)
        raise StartupError(
            N_("The database that QAZYNA_DATABASE_URL names cannot be reached: {reason}"), reason=reason
        ) from error
    finally:
        engine.dispose()
    if number // 10_000 not in SUPPORTED:
        raise StartupError(
            N_("The database server is PostgreSQL {found}, but {first} to {last} is expected."),
            found=number // 10_000,
            first=SUPPORTED.start,
            last=SUPPORTED.stop - 1,
        )
