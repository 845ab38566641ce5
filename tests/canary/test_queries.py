"""Every query that a slice has, asked for the other institution's rows by somebody who works elsewhere.

The arguments are made up from their types, with the other's ids in the place of every id: no query is left out because
nobody thought of it.
"""

import dataclasses
import importlib
import inspect
import types
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, Flag
from hashlib import sha256
from typing import Any, Union
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from erp.base.clock import LOCAL_TIME
from erp.base.dates import MonthSpan
from erp.base.db import APPLICATION_ROLE, make_engine
from erp.base.errors import DomainError
from erp.base.scope import Scope
from erp.economy.plans.model import CellChange, LeafKey, Overlay, Section
from erp.finance.policy.content import Content, JournalRule
from erp.hr.contracts.types import TripSettlement
from ledger.errors import LedgerError
from ledger.model import Actor, Dimension
from tests.canary.planting import FRAGMENT, IIN, LOGIN, WORD, Planted, key, plant
from tests.canary.test_canaries import seen
from tests.conftest import TestServer
from tests.tidy.source import dotted, modules
from tests.tidy.test_queries import QUERIES
from tests.web.desk import Desk, furnish

OF_NO_INSTITUTION = {
    "erp.reference.access.queries": "who may do what is looked up before a scope is known; the walk sees what is shown",
    "erp.reference.organisations.queries": "that a body is there, and what it is called, is public",
    "erp.reference.packages.queries": "the law's data are everybody's",
}
OF_THE_WHOLE_SYSTEM = {
    "all_jobs": "for who sees the whole system",
    "order": "for whose job it is, and for who sees the whole system",
    "dead_letters": "for who sees the whole system",
    "claim_letter": "the worker's",
    "login_of": "the worker's, of a job that it took up",
    "organisation_codes": "that a body is there, and its BIN, is public",
    "feed_owner": "for who knows the secret of the feed",
    "finance.closing.queries.names": "for who has the numbers of people from the policy of the institution's own books",
}
_TEXTS = {
    "subject": "entry:{at}/2026/{number}",
    "login": LOGIN,
    "text": FRAGMENT,
    "words": FRAGMENT,
    "name": "report",
    "language": "ru",
}
SLICES = ("economy.macro", "economy.plans", "economy.pivot", "economy.scenarios", "finance.settlements",
          "hr.staffing", "hr.personnel", "hr.requests", "hr.leave", "hr.trips")  # fmt: skip
"""Rooms in which something must be found by who may."""
_LEFT_OUT = {"after", "before", "below", "cursor", "place", "ids", "journal_id", "code"}
"""Arguments that need not be there, and narrow what is asked."""
_SEQUENCES = (Sequence, Iterable, Collection, list)


class Unknown(Exception):
    """An argument that nobody has taught the test to make up."""


def _queries() -> list[tuple[str, Callable[..., Any]]]:
    found = []
    for path in modules("erp"):
        if path.name in QUERIES and dotted(path) not in OF_NO_INSTITUTION:
            module = importlib.import_module(dotted(path))
            for name, function in inspect.getmembers(module, inspect.isfunction):
                parameters = list(inspect.signature(function).parameters)
                if function.__module__ == module.__name__ and parameters[:2] == ["connection", "scope"]:
                    found.append((f"{dotted(path)}.{name}", function))
    return found


FOUND = _queries()


@dataclasses.dataclass(frozen=True)
class Maker:
    """Makes an argument of a type: the other institution's wherever that can be."""

    at: int
    number: int

    def __call__(self, hint: Any, name: str) -> Any:
        origin, inside = typing.get_origin(hint), typing.get_args(hint)
        if origin is typing.Annotated:
            return self(inside[0], name)
        if origin in (Union, types.UnionType):
            if type(None) in inside and name in (
                "after",
                "before",
                "below",
                "cursor",
                "place",
                "ids",
                "journal_id",
                "code",
            ):
                return None
            return self(next(part for part in inside if part is not type(None)), name)
        if origin is tuple:
            return tuple(self(part, name) for part in inside if part is not Ellipsis)
        if origin in _SEQUENCES:
            return [self(inside[0], name)]
        if origin is np.ndarray:
            return np.ones(1, np.bool_)
        if origin is Callable:
            return lambda *told: None
        if origin in (Mapping, dict) or hint in (dict, Mapping):
            return {}
        if origin is typing.Literal:
            return inside[0]
        if name == "span":
            return self(MonthSpan, "")
        if isinstance(hint, type):
            return self._of(hint, name)
        raise Unknown(f"{name}: {hint}")

    def _of(self, kind: type, name: str) -> Any:
        plain: dict[type, Any] = {
            bool: True,
            float: 1.0,
            Decimal: Decimal(1),
            TripSettlement: TripSettlement(
                organisation_id=self.at,
                key=key("trip"),
                subject=f"trip:{self.at}/{self.number}",
                kind="advance",
                person=WORD,
                route=WORD,
                purpose=WORD,
                first=date(2026, 3, 23),
                last=date(2026, 3, 24),
                advance_tiyn=741852963,
                abroad=False,
            ),
            bytes: sha256(WORD.encode()).digest(),
            date: date(2026, 3, 16),
            datetime: datetime(2026, 3, 16, tzinfo=LOCAL_TIME),
            timedelta: timedelta(days=1),
            UUID: key("row"),
            Dimension: Dimension.COUNTERPARTY,
            Content: Content(journals=(JournalRule(code="MO-01"),)),
            MonthSpan: MonthSpan.of(date(2025, 1, 1), date(2026, 12, 1)),
            LeafKey: LeafKey(Section.EXPENDITURE, self.at, self.at, "464.003", "7418529", "", ""),
            Overlay: Overlay.of([CellChange(self.number, 2027, 741852963)]),
        }
        if kind in plain:
            return plain[kind]
        if kind is int:
            return self._number(name)
        if kind is str:
            return _TEXTS.get(name, IIN if "code" in name else WORD).format(at=self.at, number=self.number)
        if issubclass(kind, Enum) and not issubclass(kind, Flag):
            return next(iter(kind))
        if dataclasses.is_dataclass(kind):
            hints = typing.get_type_hints(kind)
            needed = [f for f in dataclasses.fields(kind) if f.init and _is_needed(f)]
            return kind(**{f.name: self(hints[f.name], f.name) for f in needed})
        raise Unknown(f"{name}: {kind}")

    def _number(self, name: str) -> int:
        if name in ("organisation_id", "books_of", "from_id", "to_id") or "organisation" in name:
            return self.at
        if "year" in name:
            return 2026
        return {"limit": 100, "most": 100, "journal_id": 1}.get(name, self.number)


def _is_needed(field: "dataclasses.Field[Any]") -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


@dataclasses.dataclass
class Sown:
    """An institution with something in every table, beside the desk's own."""

    desk: Desk
    owner: Engine
    planted: Planted


@pytest.fixture(scope="module")
def sown(server: TestServer) -> Iterator[Sown]:
    url = server.new_database()
    desk, owner = furnish(url), make_engine(url, role=None, pool=1)
    yield Sown(desk, owner, plant(desk, url))
    owner.dispose()
    desk.engine.dispose()
    server.drop_database(url)


@pytest.mark.parametrize(("name", "query"), FOUND, ids=[name.removeprefix("erp.") for name, _ in FOUND])
def test_a_query_keeps_to_its_scope(sown: Sown, name: str, query: Callable[..., Any]) -> None:
    for known in (name.rpartition(".")[2], name.removeprefix("erp.")):
        if known in OF_THE_WHOLE_SYSTEM:
            pytest.skip(OF_THE_WHOLE_SYSTEM[known])
    scope = _scope(sown.desk.users["accountant"], sown.desk.school)
    for connection, arguments, told in _asked(sown, scope, query):
        assert [canary for canary in seen(told) if canary not in repr(arguments)] == []
        assert repr(WORD.encode())[2:-1] not in told
        assert _changed(connection, sown) == set()


def test_the_same_questions_find_much_where_one_may_read(sown: Sown) -> None:
    scope = _scope(sown.planted.user, sown.planted.organisation)
    telling = {
        name
        for name, query in FOUND
        for _, arguments, told in _asked(sown, scope, query)
        if [canary for canary in seen(told) if canary not in repr(arguments)]
    }
    assert len(telling) > 60, telling
    silent = {slice_ for slice_ in SLICES if not any(name.startswith(f"erp.{slice_}.") for name in telling)}
    assert silent == set(), "nothing of these is found even where one may read"


def _scope(user: int, organisation: int) -> Scope:
    at = frozenset({organisation})
    return Scope(Actor(user, "test"), at, at, at, at, at, at, at, at, at, at, at)


def _asked(sown: Sown, scope: Scope, query: Callable[..., Any]) -> Iterator[tuple[Connection, dict[str, Any], str]]:
    """What a query tells in a scope, with each of the other's ids in turn; whatever it does is undone."""
    hints = typing.get_type_hints(query, include_extras=True)
    parameters = list(inspect.signature(query).parameters.values())[2:]
    wanted = [each.name for each in parameters if each.kind is not each.VAR_KEYWORD]
    by_number = any(hints[name] is int for name in wanted)
    for number in sown.planted.numbers if by_number else sown.planted.numbers[:1]:
        make = Maker(sown.planted.organisation, number)
        arguments = {name: make(hints[name], name) for name in wanted}
        with _transaction(sown.owner, scope) as connection:
            try:
                told = query(connection, scope, **arguments)
                told = repr(list(told) if isinstance(told, Iterator) else told)
            except (SQLAlchemyError, DomainError, LedgerError):
                continue  # refused
            yield connection, arguments, told


@contextmanager
def _transaction(owner: Engine, scope: Scope) -> Iterator[Connection]:
    """A transaction of the application's role with the settings of a scope; what was done in it is undone."""
    with owner.connect() as connection:
        connection.execute(text(f"SET LOCAL ROLE {APPLICATION_ROLE}"))
        for name, value in (scope.settings | scope.rooms).items():
            connection.execute(text(f"SELECT set_config('qazyna.{name}', :value, true)"), {"value": value})
        yield connection
        connection.rollback()


def _changed(connection: Connection, sown: Sown) -> set[str]:
    """Tables in which this transaction changed rows of the other institution."""
    connection.execute(text("SET LOCAL ROLE NONE"))
    touched = connection.execute(
        text("""
            SELECT s.relname FROM pg_stat_xact_user_tables s
              JOIN pg_attribute a ON a.attrelid = s.relid AND a.attname = 'organisation_id' AND NOT a.attisdropped
             WHERE s.n_tup_ins + s.n_tup_upd + s.n_tup_del > 0
        """)
    ).scalars()
    written_here = "xmin::text::bigint = pg_current_xact_id()::text::bigint % 4294967296"
    return {
        table
        for table in touched.all()
        if connection.execute(
            text(f"SELECT EXISTS (SELECT FROM {table} WHERE organisation_id = :at AND {written_here})"),
            {"at": sown.planted.organisation},
        ).scalar_one()
    }
