"""Engines and rows: the one place that knows how a connection is made and how a row becomes a noun."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Engine, Row, create_engine
from sqlalchemy.exc import DBAPIError

T = TypeVar("T")

APPLICATION_ROLE = "qazyna_app"
_TIMEOUTS = {
    "lock_timeout": "10s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
}
# A far server that fell silent is given up after a minute; over a local socket these mean nothing.
_ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}


def sqlalchemy_url(url: str) -> str:
    """The same address with the driver named, as SQLAlchemy wants it."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def make_engine(url: str, *, role: str | None = APPLICATION_ROLE, pool: int = 8, timeouts: bool = True) -> Engine:
    """An engine whose connections act as ``role``; ``None`` keeps the login's own (the owner)."""
    return create_engine(
        sqlalchemy_url(url),
        pool_size=pool,
        max_overflow=0,
        pool_timeout=30,
        hide_parameters=True,  # an error may be logged: it names the statement, not the data
        connect_args=connect_args(role=role, timeouts=timeouts),
    )


def connect_args(*, role: str | None = APPLICATION_ROLE, timeouts: bool = True) -> dict[str, Any]:
    """What the driver is given beside the address.

    The role is a start-up option, so a ``RESET ROLE`` returns to it and not to the owner.
    """
    settings = dict(_TIMEOUTS) if timeouts else {}
    settings["application_name"] = "qazyna"
    settings["timezone"] = "UTC"
    settings["jit"] = "off"  # statements here are short; compiling one costs more than it saves
    if role:
        settings["role"] = role
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return {"options": options, "prepare_threshold": 1, "connect_timeout": 10, **_ALIVE}


@contextmanager
def driver_connection(engine: Engine) -> Iterator[psycopg.Connection]:
    """A connection of the pool as the driver has it, committing by itself.  Errors come out as SQLAlchemy's."""
    pooled, broken = None, False
    try:
        pooled = engine.raw_connection()
        driver: psycopg.Connection = pooled.driver_connection  # type: ignore[assignment]
        driver.autocommit = True
        yield driver
    except psycopg.Error as error:
        broken = pooled is not None and driver.broken
        if broken:
            engine.dispose()  # the others of the pool will be no better
        raise DBAPIError.instance(None, None, error, psycopg.Error, connection_invalidated=broken) from error
    finally:
        if pooled is not None:
            if not broken:
                driver.autocommit = False
            pooled.close()


def literally(words: str) -> str:
    """Words as a pattern of LIKE that means just them."""
    return re.sub(r"([\\%_])", r"\\\1", words)


def one(make: Callable[..., T], row: Row[Any]) -> T:
    """A noun from a row whose columns carry the names of its fields."""
    return make(**row._mapping)


def many(make: Callable[..., T], rows: Iterable[Row[Any]]) -> list[T]:
    return [make(**row._mapping) for row in rows]
