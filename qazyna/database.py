"""The database a command works on: the embedded server, or the one that the setting names."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from erp.base.db import make_engine
from erp.base.i18n import N_
from qazyna.errors import StartupError
from qazyna.migrate import upgrade
from qazyna.postgres import EmbeddedPostgres
from qazyna.settings import Settings

SUPPORTED = range(15, 19)


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """Address of a reachable database; an embedded server runs for as long as the context.

    Raises: StartupError, in one sentence, when there is none.
    """
    if settings.database_url is None:
        with EmbeddedPostgres(settings.data) as postgres:
            yield postgres.url()
    else:
        _require_reachable(settings.database_url)
        yield settings.database_url


@contextmanager
def migrated_database(settings: Settings) -> Iterator[str]:
    """The same, brought to the newest schema first."""
    with database(settings) as url:
        upgrade(url)
        yield url


def first_line(error: OperationalError) -> str:
    """The driver's reason without its advice."""
    return str(error.orig).strip().splitlines()[0].removeprefix("connection failed: ")


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
