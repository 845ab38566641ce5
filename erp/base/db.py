"""Engines and rows: the one place that knows how a connection is made and how a row becomes a noun."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from sqlalchemy import Engine, Row, create_engine

T = TypeVar("T")

APPLICATION_ROLE = "qazyna_app"
_TIMEOUTS = {
    "lock_timeout": "10s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
}


def sqlalchemy_url(url: str) -> str:
    """The same address with the driver named, as SQLAlchemy wants it."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def make_engine(url: str, *, role: str | None = APPLICATION_ROLE, pool: int = 8, timeouts: bool = True) -> Engine:
    """An engine whose connections act as ``role``; ``None`` keeps the login's own (the owner).

    The role is a start-up option, so a ``RESET ROLE`` returns to it and not to the owner.
    """
    settings = dict(_TIMEOUTS) if timeouts else {}
    settings["application_name"] = "qazyna"
    settings["timezone"] = "UTC"
    settings["jit"] = "off"  # statements here are short; compiling one costs more than it saves
    if role:
        settings["role"] = role
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return create_engine(
        sqlalchemy_url(url),
        pool_size=pool,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=30,
        connect_args={"options": options, "prepare_threshold": 1, "connect_timeout": 10},
    )


def one(make: Callable[..., T], row: Row[Any]) -> T:
    """A noun from a row whose columns carry the names of its fields."""
    return make(**row._mapping)


def many(make: Callable[..., T], rows: Iterable[Row[Any]]) -> list[T]:
    return [make(**row._mapping) for row in rows]
